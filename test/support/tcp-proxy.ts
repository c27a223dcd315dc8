import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

/** What happens to the next request that is matched: its answer is lost, or it never arrives. */
type Loss = "answer" | "request";

/** A way to a database that can be cut at a chosen moment. */
export class TcpProxy implements AsyncDisposable {
  readonly connectionString: string;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #loss: { readonly loss: Loss; readonly pattern: string } | null = null;
  #refusing = false;
  #silent: "no" | "answers" | "both" = "no";

  private constructor(server: Server, target: URL) {
    this.#server = server;
    const url = new URL(target);
    // Only servers that listen on a port have an address of this form.
    url.port = String((server.address() as AddressInfo).port);
    this.connectionString = url.href;
    server.on("connection", (client) => this.#join(client, target));
  }

  static async start(connectionString: string): Promise<TcpProxy> {
    const target = new URL(connectionString);
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, target.hostname, resolve));
    return new TcpProxy(server, target);
  }

  /** Cuts the connection around the next request that contains the text. */
  loseNext(loss: Loss, pattern: string): void {
    this.#loss = { loss, pattern };
  }

  /** Cuts every connection; and refuses new ones until told otherwise. */
  cut(options: { readonly refuse?: boolean } = {}): void {
    this.#refusing = options.refuse ?? false;
    for (const socket of this.#sockets) socket.destroy();
  }

  /** How many clients are connected. */
  get connections(): number {
    return this.#sockets.size / 2;
  }

  /** Answers never arrive any more, or nothing at all, and nothing is closed: a firewall has forgotten a connection. */
  silence(options: { readonly both?: boolean } = {}): void {
    this.#silent = options.both === true ? "both" : "answers";
  }

  restore(): void {
    this.#refusing = false;
    this.#silent = "no";
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut({ refuse: true });
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #join(client: Socket, target: URL): void {
    if (this.#refusing) {
      client.destroy();
      return;
    }
    const server = connect(Number(target.port), target.hostname);
    const cut = () => {
      client.destroy();
      server.destroy();
    };
    let losing = false;
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.on("error", cut);
      socket.on("close", () => {
        this.#sockets.delete(socket);
        cut();
      });
    }
    client.on("data", (chunk) => {
      const armed = this.#loss;
      if (armed !== null && chunk.includes(armed.pattern)) {
        this.#loss = null;
        if (armed.loss === "request") return cut();
        losing = true;
      }
      if (this.#silent !== "both") server.write(chunk);
    });
    server.on("data", (chunk) => {
      if (losing) cut();
      else if (this.#silent === "no") client.write(chunk);
    });
  }
}
