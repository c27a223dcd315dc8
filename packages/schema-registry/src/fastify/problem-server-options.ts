import type { Socket } from "node:net";
import type { FastifyServerOptions } from "fastify";
import { problem, problemContentType, sendProblem, type Problem } from "./problem-document.ts";
import { requestProblem } from "./request-problem.ts";

/**
 * Options for `Fastify()` that turn what fails before routing (a malformed URL, an oversized header, broken HTTP)
 * into problem documents too. The companion of {@link problemDocuments}.
 */
export function problemServerOptions(): Pick<
  FastifyServerOptions,
  "frameworkErrors" | "clientErrorHandler" | "routerOptions"
> {
  return {
    // 128 characters of an id, each of up to four percent-encoded bytes.
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 1_600 },
    frameworkErrors: (error, _request, reply) => {
      sendProblem(reply, requestProblem(error) ?? brokenRequest);
    },
    clientErrorHandler: (error, socket) => {
      answerBrokenHttp(error, socket, problemContentType, (document) => document);
    },
  };
}

/** Writes an answer to what never became a request, then ends the connection: its framing cannot be trusted. */
export function answerBrokenHttp(
  error: Error & { readonly code?: string },
  socket: Socket,
  contentType: string,
  bodyOf: (document: Problem) => object,
): void {
  if (error.code === "ECONNRESET" || socket.destroyed) return;
  const document = clientProblems.get(error.code) ?? brokenRequest;
  const body = JSON.stringify(bodyOf(document));
  if (socket.writable) {
    socket.write(
      `HTTP/1.1 ${document.status} ${document.title}\r\ncontent-type: ${contentType}\r\n` +
        `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
    );
  }
  socket.destroySoon();
}

const brokenRequest: Problem = problem({
  status: 400,
  code: "malformed-request",
  detail: "This is not a well-formed HTTP request",
});

const clientProblems = new Map<string | undefined, Problem>([
  [
    "HPE_HEADER_OVERFLOW",
    problem({
      status: 431,
      code: "headers-too-large",
      detail: "The request's headers are larger than this server accepts; send fewer or shorter ones",
    }),
  ],
  [
    "ERR_HTTP_REQUEST_TIMEOUT",
    problem({
      status: 408,
      code: "request-timeout",
      detail: "The request did not arrive in time; send it again",
    }),
  ],
]);
