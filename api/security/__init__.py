"""Keys, secrets, the audit log, and the decoding of what Temporal keeps."""
