import { connect } from "node:net";

/** What one run sends: the same requests in turn on every connection, `{n}` in them being a number of its own. */
export interface HttpLoad {
  readonly port: number;
  readonly connections: number;
  readonly seconds: number;
  readonly requests: readonly { readonly method: string; readonly path: string; readonly body?: string }[];
  /** Where the numbers start: rounds that write must not repeat themselves. */
  readonly start: number;
}

export interface HttpLoadResult {
  readonly requestsPerSecond: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** Answers by status. */
  readonly statuses: Readonly<Record<string, number>>;
}

/** Sends requests over raw sockets, one at a time on each: cheap enough not to be what is measured. */
export async function runHttpLoad(load: HttpLoad): Promise<HttpLoadResult> {
  const latencies: number[] = [];
  const statuses: Record<string, number> = {};
  const end = performance.now() + load.seconds * 1_000;
  let counter = load.start;

  function nextRequest(): string {
    const { method, path, body } = load.requests[counter % load.requests.length] ?? {
      method: "GET",
      path: "/",
    };
    const number = String(counter);
    counter += 1;
    const sent = body?.replaceAll("{n}", number);
    const head = `${method} ${path.replaceAll("{n}", number)} HTTP/1.1\r\nhost: 127.0.0.1\r\n`;
    if (sent === undefined) return `${head}\r\n`;
    const length = Buffer.byteLength(sent);
    return `${head}content-type: application/json\r\ncontent-length: ${length}\r\n\r\n${sent}`;
  }

  function drive(): Promise<void> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port: load.port, host: "127.0.0.1", noDelay: true });
      let received = "";
      let sentAt = 0;
      const send = (): void => {
        if (performance.now() >= end) {
          socket.end();
          resolve();
          return;
        }
        sentAt = performance.now();
        socket.write(nextRequest());
      };
      socket.setEncoding("latin1");
      socket.once("connect", send);
      socket.once("error", reject);
      socket.on("data", (chunk: string) => {
        received += chunk;
        const headEnd = received.indexOf("\r\n\r\n");
        if (headEnd < 0) return;
        const length = Number(/content-length: (\d+)/i.exec(received.slice(0, headEnd))?.[1]);
        if (received.length < headEnd + 4 + length) return;
        const status = received.slice(9, 12);
        statuses[status] = (statuses[status] ?? 0) + 1;
        latencies.push(performance.now() - sentAt);
        received = "";
        send();
      });
    });
  }

  const startedAt = performance.now();
  await Promise.all(Array.from({ length: load.connections }, drive));
  const seconds = (performance.now() - startedAt) / 1_000;
  const sorted = Float64Array.from(latencies).sort();
  const quantile = (part: number): number => sorted[Math.floor(sorted.length * part)] ?? 0;
  return {
    requestsPerSecond: latencies.length / seconds,
    p50: quantile(0.5),
    p99: quantile(0.99),
    statuses,
  };
}
