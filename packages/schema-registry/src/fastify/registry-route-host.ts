import type {
  FastifyBaseLogger,
  FastifyInstance,
  FastifyRequest,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import type { Registry } from "../registry/registry.ts";

/** A Fastify instance whose routes take zod schemas. */
type RouteHost = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  ZodTypeProvider
>;

/** What every group of the registry's routes is given. */
export interface RouteScope {
  readonly routes: RouteHost;
  /** The registry as the caller of this request may use it. */
  readonly registryOf: (request: FastifyRequest) => Registry;
}
