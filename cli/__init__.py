"""The command line `everstep`: a thin layer over the client."""
