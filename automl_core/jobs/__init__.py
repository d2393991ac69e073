"""Long work outside the web process: a job is a folder, a detached host forks a process group for each."""
