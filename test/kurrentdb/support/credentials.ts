/**
 * Given to a call, they make the clients use the unary append instead of the batch. They are the defaults of a new
 * server and travel only over TLS; the environment names those of another one.
 */
export const credentials = {
  username: process.env["KURRENTDB_USERNAME"] ?? "admin",
  password: process.env["KURRENTDB_PASSWORD"] ?? "changeit",
};
