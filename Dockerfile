# The environment is made in the first stage, and nothing but that is taken over into the second:
# neither pip, nor what it kept, nor the source is in the image.
FROM python:3.11-slim-bookworm AS build

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv --without-pip /opt/footnote

# PyTorch from its makers' index of CPU builds, before anything asks for it: what PyPI has for Linux
# brings gigabytes of CUDA.
RUN pip --python /opt/footnote/bin/python install --index-url https://download.pytorch.org/whl/cpu torch==2.13.0

# The packages before the code, so that they are installed again only when they change.
WORKDIR /source
COPY pyproject.toml ./
RUN python -c 'import tomllib; project = tomllib.load(open("pyproject.toml", "rb"))["project"]; print(*project["dependencies"], *project["optional-dependencies"]["postgres"], sep="\n")' > /tmp/packages.txt \
    && pip --python /opt/footnote/bin/python install --requirement /tmp/packages.txt

COPY README.md LICENSE ./
COPY bot bot
COPY index index
# PyTorch's own tests and the headers that a compiler would want are 150 MB.
RUN pip --python /opt/footnote/bin/python install --no-deps . \
    && rm -rf /opt/footnote/lib/python3.11/site-packages/torch/include /opt/footnote/lib/python3.11/site-packages/torch/test


FROM python:3.11-slim-bookworm

# The number is fixed, so that a folder of the host can be given to it.
RUN groupadd --gid 10001 footnote \
    && useradd --uid 10001 --gid footnote --home-dir /data --no-create-home --shell /usr/sbin/nologin footnote \
    && install --directory --owner=footnote --group=footnote /data

COPY --from=build /opt/footnote /opt/footnote
# Sample articles; a folder mounted here takes their place.
COPY corpus /articles

# All that is written lies in /data, models fetched by a hub name included, and what is temporary in /tmp.
# onnxruntime reports its use to its makers unless it is told not to.
ENV ORT_DISABLE_TELEMETRY=1 \
    PATH=/opt/footnote/bin:$PATH \
    HOME=/data \
    XDG_CACHE_HOME=/data/cache \
    FOOTNOTE_ARTICLES=/articles \
    FOOTNOTE_INDEX=/data/index \
    FOOTNOTE_STATE=/data/state \
    FOOTNOTE_WEBHOOK_LISTEN=0.0.0.0:8080

WORKDIR /data
VOLUME /data
# Where updates come in with a webhook, behind a proxy that ends TLS; whoever polls opens no port.
EXPOSE 8080
USER 10001:10001

# The bot touches a file whenever Telegram answered a poll, at least every 30 seconds, or every 20 while a
# webhook can take updates in. What stands before the colon of the token is the bot's number, and names its folder. A first start builds the index.
HEALTHCHECK --interval=30s --timeout=5s --start-period=15m --retries=2 \
    CMD find "$FOOTNOTE_STATE/${FOOTNOTE_TOKEN%%:*}" -name heartbeat -mmin -2 | grep -q .

ENTRYPOINT ["footnote"]
CMD ["run"]
