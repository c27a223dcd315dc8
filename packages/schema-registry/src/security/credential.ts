import { z } from "zod";
import type { Principal } from "./permission.ts";

const permission = z.enum(["read", "write", "delete", "admin"]);

const grant = z.strictObject({
  prefix: z.string().max(512),
  permissions: z.array(permission).min(1).readonly(),
});

const secret = z.discriminatedUnion("algorithm", [
  z.strictObject({ algorithm: z.literal("sha256"), hash: z.base64url().length(43) }),
  z.strictObject({
    algorithm: z.literal("scrypt"),
    salt: z.base64url().min(22),
    hash: z.base64url().length(43),
  }),
]);

/** The form in which credentials are kept. */
export const credentialSchema = z.strictObject({
  name: z.string().regex(/^[^:\p{Control}]{1,200}$/u, "must be 1 to 200 characters without a colon"),
  scheme: z.enum(["basic", "bearer"]),
  secret,
  grants: z.array(grant).readonly(),
});

/**
 * A caller as the registry knows it: the name is the user name of HTTP basic, and the author of what is registered.
 * The secret is kept as a hash only.
 */
export type Credential = Principal & z.output<typeof credentialSchema>;
