"""Executions: started one by one and in bulk, looked at, listened to, and asked."""
