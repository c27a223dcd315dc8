import { parentPort, workerData } from "node:worker_threads";
import { EventSerializer } from "../event/event-serializer.ts";
import { ProjectionSupervisor } from "../projection/projection-supervisor.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { ApplicationDefinition } from "./define-application.ts";
import type { FromRebuildThread, RebuildThreadData, ToRebuildThread } from "./rebuild-message.ts";
import type { OpenStorage } from "./storage.ts";

/** What RebuildThreadHost runs: to the database it is one more process that works on builds, with leases of its own. */
async function run(data: RebuildThreadData, port: NonNullable<typeof parentPort>): Promise<void> {
  const send = (message: FromRebuildThread): void => port.postMessage(message);
  const logger = loggerOver(send);
  const definition = await load<ApplicationDefinition>(data.module);
  if (definition?.name !== data.application) {
    throw new Error(
      `The default export of ${data.module} is not the application ${data.application}: ` +
        "rebuildThread.module names the module that exports the definition given to createApplication",
    );
  }
  const open = await load<OpenStorage<unknown>>(data.storage.module);
  const { eventStore, projectionStore: store } = await open(data.storage.options, logger);
  if (store === undefined) throw new Error("a storage without read models has nothing to rebuild");
  await eventStore.open();
  await store.open();
  const supervisor = new ProjectionSupervisor({
    ...data.projectors,
    definitions: definition.projections,
    eventStore,
    serializer: new EventSerializer(definition.events),
    store,
    applicationName: `${definition.name} (rebuild thread)`,
    logger,
    ...(data.leaseMs === undefined ? {} : { leaseMs: data.leaseMs }),
  });
  const working = new Map<bigint, AbortController>();
  let isClosing = false;

  const begin = async (build: bigint, startDelayMs: number): Promise<void> => {
    const stop = new AbortController();
    working.set(build, stop);
    try {
      await supervisor.finish(build, { startDelayMs, signal: stop.signal });
    } finally {
      working.delete(build);
    }
    send({ type: "ended", build });
  };
  const close = async (): Promise<void> => {
    isClosing = true;
    await supervisor.close();
    await Promise.all([store.close(), eventStore.close()]);
    process.exit(0);
  };

  port.on("message", (message: ToRebuildThread) => {
    // A build that comes too late is for the next thread.
    if (isClosing) return;
    if (message.type === "begin") void begin(message.build, message.startDelayMs);
    else if (message.type === "end") working.get(message.build)?.abort();
    else void close();
  });
}

async function load<Exported>(address: string): Promise<Exported> {
  const module: { readonly default: Exported } = await import(address);
  return module.default;
}

function loggerOver(send: (message: FromRebuildThread) => void): Logger {
  const at =
    (level: keyof Logger) =>
    (fields: object, message: string): void =>
      send({ type: "log", level, fields, message });
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

// Given by RebuildThreadHost alone.
if (parentPort !== null) await run(workerData as RebuildThreadData, parentPort);
