import fastifyPlugin from "fastify-plugin";

/**
 * Ends keep-alive connections as their last answer is sent once the server closes. Fastify ends those that are idle at
 * that moment; one that is busy would stay open after its answer and hold the process for its keep-alive time.
 */
export const drainConnections = fastifyPlugin(
  (fastify, _options, done) => {
    let isClosing = false;
    fastify.addHook("preClose", async () => {
      isClosing = true;
    });
    fastify.addHook("onSend", async (_request, reply) => {
      if (isClosing) reply.header("connection", "close");
    });
    fastify.addHook("onResponse", async () => {
      // Its headers may have been written just before.
      if (isClosing) setImmediate(() => fastify.server.closeIdleConnections());
    });
    done();
  },
  { name: "tidemark-drain-connections" },
);
