"""The worker process: task queues, life cycle, background loops."""
