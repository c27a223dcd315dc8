import fastifyPlugin from "fastify-plugin";
import { Counter, Histogram, type Registry as Metrics } from "prom-client";

export interface RegistryMetricsOptions {
  readonly metrics: Metrics;
}

// From a cached look-up to a registration that waits for its subject.
const buckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Measures every request of the server, by route and status, in seconds; counts the registry's error codes. */
export const registryMetrics = fastifyPlugin<RegistryMetricsOptions>(
  (fastify, { metrics }, done) => {
    const duration = new Histogram({
      name: "schema_registry_http_request_duration_seconds",
      help: "Duration of HTTP requests",
      labelNames: ["method", "route", "status"],
      buckets,
      registers: [metrics],
    });
    const errors = new Counter({
      name: "schema_registry_errors_total",
      help: "Refused requests by Confluent's error code",
      labelNames: ["error_code"],
      registers: [metrics],
    });
    fastify.addHook("onSend", async (_request, reply, payload) => {
      if (reply.statusCode < 400 || typeof payload !== "string") return;
      const code = /^\{"error_code":(\d+)/.exec(payload)?.[1];
      if (code !== undefined) errors.inc({ error_code: code });
    });
    fastify.addHook("onResponse", async ({ method, routeOptions }, reply) => {
      const route = routeOptions.url ?? "unknown";
      duration.observe({ method, route, status: reply.statusCode }, reply.elapsedTime / 1_000);
    });
    done();
  },
  { name: "tidemark-registry-metrics" },
);
