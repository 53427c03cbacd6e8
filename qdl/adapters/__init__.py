"""The edges: qdl behind and in front of other libraries, one folder for each family."""
