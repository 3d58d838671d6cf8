# Built in one stage, run in another: no compiler, no pip and no sources in the image that runs.
FROM python:3.11-slim-bookworm AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/dutyline
COPY requirements/runtime.lock requirements/build.lock /src/requirements/
RUN /opt/dutyline/bin/pip install --require-hashes \
    -r /src/requirements/runtime.lock -r /src/requirements/build.lock
COPY . /src
RUN /opt/dutyline/bin/pip install --no-deps --no-build-isolation /src \
    && /opt/dutyline/bin/pip uninstall --yes setuptools pip

FROM python:3.11-slim-bookworm
ENV PATH=/opt/dutyline/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 DUTYLINE_DATA_DIR=/data
# A new volume takes its owner from these folders.
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin dutyline \
    && install --directory --owner dutyline --group dutyline --mode 0700 /data /recordings
COPY --from=build /opt/dutyline /opt/dutyline
USER dutyline
WORKDIR /data
EXPOSE 8080
CMD ["dutyline", "api", "--role", "all", "--host", "0.0.0.0", "--port", "8080"]
