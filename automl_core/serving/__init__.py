"""The service: a model behind HTTP. It needs what a bundle needs, FastAPI, uvicorn and prometheus-client, and nothing more."""
