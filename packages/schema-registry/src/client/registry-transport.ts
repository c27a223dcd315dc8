import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { RegistryRequestError, RegistryUnavailableError } from "./registry-client-errors.ts";

export interface RegistryTransportOptions {
  /** Where the registry is, with a path if it is mounted under one. */
  readonly url: string | URL;
  /** Milliseconds for one attempt; 10,000 by default. */
  readonly timeoutMs?: number;
  /** Attempts after the first; 3 by default. */
  readonly retries?: number;
  /** Milliseconds before the first retry, doubled for each next one up to 5 s; 100 by default. */
  readonly retryDelayMs?: number;
  readonly auth?:
    | { readonly type: "basic"; readonly username: string; readonly password: string }
    | { readonly type: "bearer"; readonly token: string };
  /** In place of the global `fetch`, for a proxy or a TLS setting. */
  readonly fetch?: typeof fetch;
}

export interface RefusedResponse {
  readonly ok: false;
  readonly status: number;
  /** Confluent's `error_code`, or the status when the body has none. */
  readonly errorCode: number;
  readonly message: string;
  readonly body: unknown;
}

interface AcceptedResponse {
  readonly ok: true;
  readonly body: unknown;
}

interface TransportRequest {
  readonly method: string;
  readonly path: string;
  readonly body?: object;
  readonly signal?: AbortSignal;
}

export interface RegistryTransport {
  /**
   * Sends one request, without retries and without a time-out, and answers the response unread: for streams.
   *
   * @throws RegistryUnavailableError when there is no answer
   */
  open(request: StreamRequest): Promise<Response>;
  /** @throws RegistryUnavailableError when no attempt got an answer below 500 */
  send(request: TransportRequest): Promise<AcceptedResponse | RefusedResponse>;
  /** @throws RegistryRequestError when the answer is not what a registry says there */
  read<T>(response: AcceptedResponse, answer: z.ZodType<T>): T;
}

export interface StreamRequest {
  readonly method: string;
  readonly path: string;
  readonly body?: ReadableStream<Uint8Array>;
  readonly contentType?: string;
  readonly signal?: AbortSignal;
}

interface Attempt {
  readonly response?: AcceptedResponse | RefusedResponse;
  readonly reason?: string;
  readonly cause?: unknown;
  readonly retryAfterMs?: number;
}

const contentType = "application/vnd.schemaregistry.v1+json";
const longestDelayMs = 5_000;
const errorBody = z.object({ error_code: z.number().int(), message: z.string() });

/** Requests with time-out, retries and credentials; no knowledge of what is asked. */
export function createRegistryTransport(options: RegistryTransportOptions): RegistryTransport {
  const { timeoutMs = 10_000, retries = 3, retryDelayMs = 100 } = options;
  const base = String(options.url).replace(/\/+$/, "");
  const send = options.fetch ?? fetch;
  const credentials = authorization(options.auth);

  async function attempt({ method, path, body, signal }: TransportRequest): Promise<Attempt> {
    const timeout = AbortSignal.timeout(timeoutMs);
    try {
      const response = await send(`${base}${path}`, {
        method,
        headers: {
          accept: contentType,
          ...(body && { "content-type": contentType }),
          ...(credentials && { authorization: credentials }),
        },
        signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
        ...(body && { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      const retryAfterMs = 1_000 * Number(response.headers.get("retry-after") ?? Number.NaN);
      if (response.status >= 500 || response.status === 429 || response.status === 408) {
        const reason = `it answered ${response.status} ${text.slice(0, 200)}`;
        return { reason, ...(retryAfterMs > 0 && { retryAfterMs }) };
      }
      return { response: readResponse(response, text) };
    } catch (cause) {
      signal?.throwIfAborted();
      if (timeout.aborted) return { reason: `no answer within ${timeoutMs} ms`, cause };
      return { reason: networkReason(cause), cause };
    }
  }

  return {
    async open({ method, path, body, contentType: type, signal }) {
      try {
        return await send(`${base}${path}`, {
          method,
          headers: {
            ...(type !== undefined && { "content-type": type }),
            ...(credentials && { authorization: credentials }),
          },
          ...(body && { body, duplex: "half" }),
          ...(signal && { signal }),
        });
      } catch (cause) {
        signal?.throwIfAborted();
        throw new RegistryUnavailableError(
          `The schema registry at ${base} is not available (${method} ${path}): ${networkReason(cause)}. ` +
            "Check that it runs and that the url is right",
          { cause },
        );
      }
    },

    async send(request) {
      for (let tried = 1; ; tried += 1) {
        const { response, reason, cause, retryAfterMs } = await attempt(request);
        if (response) return response;
        if (tried > retries) {
          throw new RegistryUnavailableError(
            `The schema registry at ${base} is not available after ${tried} attempts of ${request.method} ` +
              `${request.path}: ${reason}. Check that it runs and that the url is right`,
            { cause },
          );
        }
        // Half fixed, half random: clients that failed together do not come back together.
        const backoff = Math.min(longestDelayMs, retryDelayMs * 2 ** (tried - 1)) * (0.5 + Math.random() / 2);
        const pause = Math.min(longestDelayMs, Math.max(backoff, retryAfterMs ?? 0));
        await delay(pause, undefined, request.signal ? { signal: request.signal } : {}).catch(() => {
          request.signal?.throwIfAborted();
        });
      }
    },

    read({ body }, answer) {
      const parsed = answer.safeParse(body);
      if (parsed.success) return parsed.data;
      throw new RegistryRequestError(
        `${base} does not answer like a schema registry (${z.prettifyError(parsed.error)}): check the url`,
        { errorCode: 200, cause: parsed.error },
      );
    },
  };
}

function readResponse(response: Response, text: string): AcceptedResponse | RefusedResponse {
  return response.ok ? { ok: true, body: parseJson(text) } : refusedResponse(response.status, text);
}

export function refusedResponse(status: number, text: string): RefusedResponse {
  const body = parseJson(text);
  const parsed = errorBody.safeParse(body);
  return {
    ok: false,
    status,
    errorCode: parsed.success ? parsed.data.error_code : status,
    message: parsed.success
      ? parsed.data.message
      : `The registry answered ${status} without an error code: ${text.slice(0, 200)}`,
    body,
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function authorization(auth: RegistryTransportOptions["auth"]): string | undefined {
  if (!auth) return undefined;
  if (auth.type === "bearer") return `Bearer ${auth.token}`;
  return `Basic ${Buffer.from(`${auth.username}:${auth.password}`).toString("base64")}`;
}

/** `fetch` hides the reason ("fetch failed") in the cause, and there again in an aggregate. */
function networkReason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof AggregateError && error.errors.length > 0) return networkReason(error.errors[0]);
  return error.cause instanceof Error ? networkReason(error.cause) : error.message;
}
