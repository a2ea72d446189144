# veneerd in a container: the daemon, its dependencies, nothing else.
FROM node:20-bookworm-slim
ENV NODE_ENV=production
WORKDIR /opt/veneerd
COPY package.json package-lock.json .npmrc ./
RUN npm ci --include=dev
COPY . .
# Leaves its bundle and the page for the starts to come, which may not write there, and says that it runs without what built them.
RUN node scripts/build-page.mjs && npm prune --omit=dev && node bin/veneerd.mjs --version
RUN mkdir -p /var/lib/veneerd && chown node:node /var/lib/veneerd
USER node
VOLUME /var/lib/veneerd
EXPOSE 7077
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
  CMD node -e "fetch('http://127.0.0.1:7077/healthz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"
# Inside a container the daemon must listen on the container's address; publish it on the host's loopback only.
ENTRYPOINT ["node", "bin/veneerd.mjs", "--host", "0.0.0.0", "--data", "/var/lib/veneerd"]
