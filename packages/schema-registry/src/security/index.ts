export { createAuthenticator, type Authenticator } from "./authenticator.ts";
export { authorizedRegistry } from "./authorized-registry.ts";
export { credentialSchema, type Credential } from "./credential.ts";
export { isLoopback } from "./loopback.ts";
export type { Grant, Permission, Principal } from "./permission.ts";
export { generateToken, hashPassword, hashToken, verifySecret, type SecretHash } from "./secret-hash.ts";
