import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import type { NodeService } from "./node-service.ts";
import type { Protocol } from "./protocol.ts";

/** The node's port: accepts connections and hands them to gRPC, so that a test can cut them. */
export interface NodeListener {
  readonly port: number;
  /** Cuts all connections; new ones are accepted. */
  disconnect(): void;
  serve(services: readonly NodeService[]): void;
  close(): Promise<void>;
}

export async function listen(
  protocol: Protocol,
  options: { readonly host: string; readonly port: number; readonly keepsProcessAlive: boolean },
): Promise<NodeListener> {
  const { Server, ServerCredentials } = protocol.grpc;
  const grpcServer = new Server({
    // Batches of the clients are larger than gRPC's default of 4 MiB.
    "grpc.max_receive_message_length": -1,
    "grpc.max_send_message_length": -1,
  });
  const injector = grpcServer.createConnectionInjector(ServerCredentials.createInsecure());
  const sockets = new Set<Socket>();
  const netServer = createServer((socket) => {
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    injector.injectConnection(socket);
    if (!options.keepsProcessAlive) socket.unref();
  });
  netServer.listen(options.port, options.host);
  await once(netServer, "listening");
  if (!options.keepsProcessAlive) netServer.unref();
  // A TCP server that listens has an address of this form.
  const { port } = netServer.address() as AddressInfo;

  return {
    port,
    disconnect() {
      for (const socket of sockets) socket.destroy();
    },
    serve(services) {
      for (const { definition, handlers } of services) grpcServer.addService(definition, handlers);
    },
    async close() {
      const closed = new Promise<void>((resolve) => {
        netServer.close(() => resolve());
      });
      injector.destroy();
      grpcServer.forceShutdown();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
