import type { FastifyInstance, FastifyRequest } from "fastify";
import { RegistryError } from "../errors.ts";
import type { Registry } from "../registry/registry.ts";
import { authorizedRegistry } from "../security/authorized-registry.ts";
import type { Authenticator } from "../security/authenticator.ts";
import { isLoopback } from "../security/loopback.ts";
import type { Principal } from "../security/permission.ts";

/**
 * Who may call: those whom an authenticator knows, with their permissions; everybody on this machine (`"loopback"`:
 * a server that listens elsewhere too refuses every request); or everybody, since the server around the routes has
 * decided already (`"host"`).
 */
export type RegistryAccess = Authenticator | "loopback" | "host";

export interface RegistryCallers {
  /** The registry as the caller may use it. */
  readonly registryOf: (request: FastifyRequest) => Registry;
  /** The name of the caller's credential; null without one. */
  readonly nameOf: (request: FastifyRequest) => string | null;
}

/** Refuses every request of the instance whose caller may not call, before its body is read. */
export function guardAccess(
  fastify: FastifyInstance,
  { registry, access }: { readonly registry: Registry; readonly access: RegistryAccess },
): RegistryCallers {
  if (access === "host") return { registryOf: () => registry, nameOf: () => null };
  if (access === "loopback") {
    const servesThisMachineOnly = listensOnLoopback(fastify);
    fastify.addHook("onRequest", async () => {
      if (servesThisMachineOnly()) return;
      throw new RegistryError(
        "forbidden",
        "This registry listens beyond loopback without credentials and serves nobody; configure credentials",
      );
    });
    return { registryOf: () => registry, nameOf: () => null };
  }
  const principals = new WeakMap<FastifyRequest, Principal>();
  const registries = new WeakMap<Principal, Registry>();
  fastify.addHook("onRequest", async (request) => {
    const principal = await access.authenticate(request.headers.authorization);
    if (principal === null) {
      throw new RegistryError("unauthenticated", "HTTP 401 Unauthorized: send a credential of this registry");
    }
    principals.set(request, principal);
  });
  return {
    registryOf(request) {
      const principal = principals.get(request);
      if (principal === undefined) throw new Error("a registry route ran without its guard");
      const known = registries.get(principal) ?? authorizedRegistry(registry, principal);
      registries.set(principal, known);
      return known;
    },
    nameOf: (request) => principals.get(request)?.name ?? null,
  };
}

/** An injected request comes from this process, and a UNIX socket from this machine. */
function listensOnLoopback(fastify: FastifyInstance): () => boolean {
  let known: boolean | undefined;
  return () => {
    if (known !== undefined) return known;
    const addresses = fastify.addresses();
    const result = addresses.every(
      (address) => address === null || typeof address === "string" || isLoopback(address.address),
    );
    if (addresses.some((address) => address !== null)) known = result;
    return result;
  };
}
