# The app in a container. The workspace is a volume, so that projects outlive it:
#   docker build -t tablewright .
#   docker run --rm -p 127.0.0.1:8501:8501 -e AUTOML_OPEN=yes -v tablewright:/workspace tablewright
# AUTOML_OPEN=yes says that nobody has to sign in: right for a port that only this machine reaches. Otherwise set up sign-in
# (docs/people.md) and mount its file: -v ./secrets.toml:/app/.streamlit/secrets.toml:ro
FROM python:3.11-slim-bookworm

# OpenMP for the boosters.
RUN apt-get update && apt-get install -y --no-install-recommends libgomp1 && rm -rf /var/lib/apt/lists/*

WORKDIR /app
# For the machines of a Ray cluster: --build-arg REQUIREMENTS=requirements-cluster.txt (docs/cluster.md).
ARG REQUIREMENTS=requirements.txt
COPY requirements.txt requirements-cluster.txt ./
# Bytecode is compiled once here, not at every start.
RUN pip install --no-cache-dir -r ${REQUIREMENTS}

COPY app.py ./
COPY .streamlit .streamlit
COPY pages pages
COPY automl_core automl_core

# Nobody in the container may change the code.
RUN useradd --create-home --uid 1000 tablewright && mkdir /workspace && chown tablewright /workspace
USER tablewright
ENV AUTOML_HOME=/workspace \
    STREAMLIT_SERVER_ADDRESS=0.0.0.0 \
    MLFLOW_DISABLE_TELEMETRY=true \
    RAY_USAGE_STATS_ENABLED=0
VOLUME /workspace
EXPOSE 8501
HEALTHCHECK CMD python -c "import urllib.request as r; r.urlopen('http://127.0.0.1:8501/_stcore/health', timeout=3)"
CMD ["python", "-m", "pages.shared.serve"]
