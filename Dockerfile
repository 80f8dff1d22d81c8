# Two images on one ground: `server` (what runs in a cluster) and `demo` (a simulated cluster with the server in it).
#   docker build --target server -t metrics-server:0.1.0 .
#   docker build --target demo -t metrics-server-demo:0.1.0 .
# Both hold Node, the libraries that it is linked with, and what runs: no shell, no package manager, no other program.
# test/e2e/oci carries out these lines without a daemon, and only the instructions that stand here.

# Everything the build needs. The project brings its own Node as a locked package, so that the image
# runs the Node that the tests ran.
FROM node:24-bookworm-slim AS build
WORKDIR /build
# Node is linked with libatomic, which this image lacks; binutils brings strip.
RUN apt-get update && apt-get install -y --no-install-recommends binutils libatomic1
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json ./
COPY scripts scripts
COPY src src
RUN npm run build

# Node, under a path that no architecture changes and without a fifth of it that only a debugger reads; what ldd
# says that it is linked with; whom getaddrinfo asks; a /tmp for whoever has no volume. Node brings its own root
# certificates. Licences stand where Debian has them, and so do the names and versions of the packages, or
# a scanner would see none of these libraries.
FROM build AS runtime-files
RUN mkdir -p runtime/nodejs runtime/etc runtime/usr/share/doc/nodejs runtime/var/lib/dpkg/status.d \
 && mkdir -m 1777 runtime/tmp \
 && strip -o runtime/nodejs/node node_modules/node-linux-*/bin/node \
 && cp node_modules/node-linux-*/LICENSE runtime/usr/share/doc/nodejs/copyright \
 && cp --parents --dereference $(ldd runtime/nodejs/node | grep -o '/[^ ]*') /etc/os-release runtime \
 && for package in libatomic1 libc6 libgcc-s1 libstdc++6; do \
      cp --parents --dereference "/usr/share/doc/$package/copyright" runtime \
   && dpkg --status "$package" > "runtime/var/lib/dpkg/status.d/$package" || exit 1; \
    done \
 && echo 'hosts: files dns' > runtime/etc/nsswitch.conf

# What the build made holds all that runs. Below it stand the name, version and licence of each package that went into it,
# where scanners look for them.
FROM build AS app-files
RUN chmod -R a-x,a+X dist \
 && mkdir writable

FROM app-files AS server-files
RUN rm -r dist/simulator \
 && printf '%s\n' '#!/nodejs/node --max-semi-space-size=2' "require('/app/dist/main.js');" > metrics-server \
 && chmod 755 metrics-server

# As upstream's image, it runs as 65534 unless the pod says otherwise.
FROM scratch AS runtime
COPY --from=runtime-files /build/runtime /
ENV NODE_ENV=production
USER 65534

FROM runtime AS server
# Half of the container's memory limit for V8's heap: docs/memory.md.
ENV NODE_OPTIONS=--max-old-space-size-percentage=50
# What a list or a scrape has used goes back to the kernel: glibc raises its thresholds by itself, and keeps it.
ENV MALLOC_ARENA_MAX=1
ENV MALLOC_MMAP_THRESHOLD_=131072
ENV MALLOC_TRIM_THRESHOLD_=131072
COPY --from=server-files /build/package.json /app/package.json
COPY --from=server-files /build/dist /app/dist
COPY --from=server-files /build/metrics-server /metrics-server
ENTRYPOINT ["/metrics-server"]

FROM runtime AS demo
COPY --from=app-files /build/package.json /app/package.json
COPY --from=app-files /build/dist /app/dist
# The demo writes its kubeconfig below the folder it runs from.
COPY --from=app-files --chown=65534:65534 /build/writable /demo
WORKDIR /demo
ENTRYPOINT ["/nodejs/node", "/app/dist/simulator/main.js"]
