# Two images: `server` (what runs in a cluster: no shell, no package manager, no simulator) and `demo`.
#   docker build --target server -t metrics-server:0.1.0 .
#   docker build --target demo -t metrics-server-demo:0.1.0 .

# Everything the build needs. The project brings its own Node as a locked package, so that the image
# runs the Node that the tests ran.
FROM node:24-bookworm-slim AS build
WORKDIR /build
# Node's binary wants libatomic, which the run-time image lacks.
RUN apt-get update && apt-get install -y --no-install-recommends libatomic1
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json ./
COPY src src
RUN npm run build
# What runs: dist, the packages it needs, and Node itself under a name that no architecture changes.
RUN npm prune --omit=dev --ignore-scripts --no-audit --no-fund \
 && cp node_modules/node-linux-*/bin/node node \
 && rm -r node_modules/node-linux-* node_modules/.bin \
 && mkdir lib writable \
 && cp /usr/lib/*-linux-gnu/libatomic.so.1 lib/

FROM build AS server-files
RUN rm -r dist/simulator \
 && find dist node_modules -name '*.map' -delete \
 && printf '%s\n' '#!/nodejs/node --max-semi-space-size=4' "import('/app/dist/main.js');" > metrics-server \
 && chmod 755 metrics-server

# libc, libstdc++, CA certificates and nothing else; runs as upstream's uid 65534.
FROM gcr.io/distroless/cc-debian12:nonroot AS server
ENV NODE_ENV=production LD_LIBRARY_PATH=/nodejs/lib
COPY --from=server-files /build/node /nodejs/node
COPY --from=server-files /build/lib /nodejs/lib
COPY --from=server-files /build/metrics-server /metrics-server
COPY --from=server-files /build/package.json /app/package.json
COPY --from=server-files /build/node_modules /app/node_modules
COPY --from=server-files /build/dist /app/dist
USER 65534
ENTRYPOINT ["/metrics-server"]

FROM gcr.io/distroless/cc-debian12:nonroot AS demo
ENV NODE_ENV=production LD_LIBRARY_PATH=/nodejs/lib
COPY --from=build /build/node /nodejs/node
COPY --from=build /build/lib /nodejs/lib
COPY --from=build /build/package.json /app/package.json
COPY --from=build /build/node_modules /app/node_modules
COPY --from=build /build/dist /app/dist
# The demo writes its kubeconfig below the folder it runs from.
COPY --from=build --chown=65532:65532 /build/writable /demo
WORKDIR /demo
USER 65532
ENTRYPOINT ["/nodejs/node", "/app/dist/simulator/main.js"]
