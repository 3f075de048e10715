# aquatint over stdio in a container:
#   docker build -t aquatint .
#   docker run -i --rm --stop-timeout 310 -e OPENAI_API_KEY \
#     -v "$HOME/Pictures/aquatint:/pictures" --user "$(id -u):$(id -g)" aquatint
# For `save_to` mount the project where it stands: -v "$PWD:$PWD" -w "$PWD".
#
# A tag moves with its security fixes. Who wants the same bytes each time names the digest that
# `docker buildx imagetools inspect` prints: --build-arg BASE=python:3.11-slim-bookworm@sha256:...
ARG BASE=python:3.11-slim-bookworm

# hadolint ignore=DL3006 # its tag stands in the line above
FROM ${BASE} AS build
WORKDIR /src
COPY requirements/run.txt requirements/dev.txt requirements/
# The build back end and the whole lock, each file by its hash. What is installed below comes from
# these files and nowhere else, and is no more than aquatint needs.
RUN sed -n '/^\(editables\|hatchling\|packaging\|pathspec\|pluggy\|trove-classifiers\)==/,/[^\\]$/p' requirements/dev.txt >requirements/build.txt \
 && pip install --no-cache-dir --no-deps --require-hashes --target /build -r requirements/build.txt \
 && pip download --no-cache-dir --no-deps --require-hashes --dest /wheels -r requirements/run.txt
COPY pyproject.toml README.md LICENSE ./
COPY server server
# hadolint ignore=DL3013 # there is one version of each in /wheels
RUN PYTHONPATH=/build python -m hatchling build -t wheel -d /wheels \
 && python -m venv --without-pip /opt/aquatint \
 && pip --python /opt/aquatint/bin/python install --no-cache-dir --no-index --find-links /wheels "aquatint[heic]"

# hadolint ignore=DL3006
FROM ${BASE}
# What the draft engine writes captions with, in every script. Debian keeps one version of each.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install --yes --no-install-recommends \
      fonts-noto-cjk fonts-noto-color-emoji fonts-noto-core libfribidi0 \
 && apt-get clean && rm -rf /var/lib/apt/lists/* \
 && install -d -m 0777 /pictures
COPY --from=build /opt/aquatint /opt/aquatint
# In a container every process ends with the first, so a worker would outlive nothing: paid calls run
# in the server, which waits for them (AQUATINT_DEADLINE, 300 s) when its input ends or SIGTERM
# comes. It has no children, so it needs no init; with one (`--init`) it does the same.
ENV PATH=/opt/aquatint/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    AQUATINT_HOME=/pictures \
    AQUATINT_WORKER=false
VOLUME /pictures
USER 10001:10001
ARG NAME=io.github.OWNER/aquatint
LABEL io.modelcontextprotocol.server.name=$NAME \
      org.opencontainers.image.title=aquatint \
      org.opencontainers.image.licenses=MIT
ENTRYPOINT ["aquatint"]
