import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { once } from "node:events";

/** What the subscription "notices" tells its service. */
interface Notice {
  readonly key: string;
  readonly position: string;
  readonly to: string;
  readonly cents: string;
  readonly replaying: boolean;
}

/** The service outside that a subscription's handlers call. */
export class Service implements AsyncDisposable {
  readonly notices: Notice[] = [];
  /** Whether it takes calls and never answers, for accounts of this name. */
  hangsFor: string | null = null;
  /** How long it thinks about each call. */
  delayMs = 0;
  #server: Server | null = null;
  #port = 0;

  static async start(): Promise<Service> {
    const service = new Service();
    await service.up();
    return service;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/`;
  }

  async up(): Promise<void> {
    const server = createServer((request, response) => {
      let body = "";
      request.on("data", (chunk: Buffer) => (body += chunk.toString()));
      request.on("end", () => {
        // JSON.parse is untyped; the handler writes just this.
        const notice = JSON.parse(body) as Notice;
        if (notice.to === this.hangsFor) return;
        this.notices.push(notice);
        setTimeout(() => response.writeHead(204).end(), this.delayMs);
      });
    });
    server.listen(this.#port, "127.0.0.1");
    await once(server, "listening");
    // Only servers that listen on a port have an address of this form.
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  async down(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    if (server === null) return;
    server.close();
    server.closeAllConnections();
    await once(server, "close");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.down();
  }
}
