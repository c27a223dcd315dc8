import type { grpc, Protocol } from "./protocol.ts";

/** Why a call fails, as the server tells clients: a status, and trailers that name the exception. */
export interface RpcError {
  readonly code: grpc.status;
  readonly details: string;
  readonly metadata: grpc.Metadata;
}

/** Name of the exception in the trailer `exception`, and its status. */
const exceptions = {
  "stream-deleted": "FAILED_PRECONDITION",
  "wrong-expected-version": "FAILED_PRECONDITION",
  "maximum-subscribers-reached": "FAILED_PRECONDITION",
  "stream-not-found": "NOT_FOUND",
  "not-leader": "NOT_FOUND",
  "persistent-subscription-does-not-exist": "NOT_FOUND",
  "persistent-subscription-exists": "ALREADY_EXISTS",
  "persistent-subscription-dropped": "CANCELLED",
  "persistent-subscription-failed": "INTERNAL",
  "maximum-append-size-exceeded": "INVALID_ARGUMENT",
  "maximum-append-event-size-exceeded": "INVALID_ARGUMENT",
  "missing-required-metadata-property": "INVALID_ARGUMENT",
  "access-denied": "PERMISSION_DENIED",
  timeout: "ABORTED",
} as const satisfies Record<string, keyof typeof grpc.status>;

export type RpcException = keyof typeof exceptions;

/** An error that the client turns into one of its own classes, told by the trailer `exception`. */
export function rpcException(
  protocol: Protocol,
  exception: RpcException,
  details: string,
  trailers: Readonly<Record<string, string | number>> = {},
): RpcError {
  const metadata = new protocol.grpc.Metadata();
  metadata.set("exception", exception);
  for (const [key, value] of Object.entries(trailers)) metadata.set(key, asciiSafe(String(value)));
  return { code: protocol.grpc.status[exceptions[exception]], details: asciiSafe(details), metadata };
}

/** An error with a status alone: what a client sees of a broken node or request. */
export function rpcStatus(protocol: Protocol, code: keyof typeof grpc.status, details: string): RpcError {
  return {
    code: protocol.grpc.status[code],
    details: asciiSafe(details),
    metadata: new protocol.grpc.Metadata(),
  };
}

/** Trailers carry printable ASCII; a stream's name may be any text. Kestrel, which the server uses, writes "?" too. */
function asciiSafe(text: string): string {
  return text.replaceAll(/[^\u0020-\u007e]/gu, "?");
}
