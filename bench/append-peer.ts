import { z } from "zod";
import { ownStreams, type AppendJob, type AppendTarget } from "./append-job.ts";

/** The closest TypeScript event store on PostgreSQL. Not a dependency: who wants the comparison installs it. */
const peer = "@event-driven-io/emmett-postgresql";
const packages = [`${peer}@0.42.0`, "@event-driven-io/emmett@0.42.0", "@event-driven-io/pongo@0.16.11"];

export const installPeer = `npm install --no-save ${packages.join(" ")}`;

/** Where its module is; `null` when it is not installed. */
export function findPeer(): string | null {
  try {
    return import.meta.resolve(peer);
  } catch {
    return null;
  }
}

interface PeerStore {
  appendToStream(
    stream: string,
    events: readonly { readonly type: string; readonly data: object }[],
    options: { readonly expectedStreamVersion: bigint | "STREAM_DOES_NOT_EXIST" },
  ): Promise<{ readonly nextExpectedStreamVersion: bigint }>;
  close(): Promise<void>;
}

const peerModule = z.object({
  getPostgreSQLEventStore: z.custom<(connectionString: string) => PeerStore>(
    (value) => typeof value === "function",
  ),
});

/** The same as {@link storeTarget} does, through the peer: about 150 bytes an event, each with its stream's revision. */
export async function peerTarget(job: AppendJob): Promise<AppendTarget> {
  const address = findPeer();
  if (address === null) throw new Error(`the peer is not installed: ${installPeer}`);
  const { getPostgreSQLEventStore } = peerModule.parse(await import(address));
  const store = getPostgreSQLEventStore(job.connectionString);
  const { next } = ownStreams(job);
  const versions = new Map<string, bigint>();
  const data = { memo: "x".repeat(90), amount: "47.11" };
  return {
    append: async (caller) => {
      const stream = `${job.name}-${process.pid}-${caller}-${next(caller)}`;
      const events = Array.from({ length: job.eventsPerAppend }, () => ({ type: "Happened", data }));
      const appended = await store.appendToStream(stream, events, {
        expectedStreamVersion: versions.get(stream) ?? "STREAM_DOES_NOT_EXIST",
      });
      versions.set(stream, appended.nextExpectedStreamVersion);
    },
    close: () => store.close(),
  };
}
