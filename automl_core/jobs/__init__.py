"""Work outside the web process: host, queue, jobs."""
