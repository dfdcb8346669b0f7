"""Several worker hosts: limits over all processes, queues of parts of a cloud, a host cut off."""
