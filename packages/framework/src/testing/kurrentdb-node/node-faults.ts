/** A fault that a test asks for. `stream` limits it to calls for that stream. */
export type NodeFault =
  | {
      /** The append is committed, and its answer lost: the call ends with UNAVAILABLE. */
      readonly kind: "drop-append-reply";
      readonly stream?: string;
    }
  | {
      /** The append is not committed; the call ends with UNAVAILABLE. */
      readonly kind: "refuse-append";
      readonly stream?: string;
    }
  | {
      /** A read or subscription ends with UNAVAILABLE after so many events. */
      readonly kind: "break-read";
      readonly stream?: string;
      readonly afterEvents: number;
    }
  | {
      /** A subscription is treated as a reader that was too slow: `caught_up` comes again after the next live event. */
      readonly kind: "slow-reader";
      readonly stream?: string;
    }
  | {
      /** The call is answered with not-leader; the client connects to the named node next. */
      readonly kind: "not-leader";
      readonly on: "append" | "read";
      readonly stream?: string;
      readonly leader: { readonly host: string; readonly port: number };
    }
  | {
      /** All connections are cut: before the append is committed, after it, or after so many events of a read. */
      readonly kind: "disconnect";
      readonly on: "before-append" | "after-append" | "read";
      readonly stream?: string;
      readonly afterEvents?: number;
    }
  | {
      /** The call waits so many milliseconds of real time before it is looked at. */
      readonly kind: "delay";
      readonly on: "append" | "read";
      readonly stream?: string;
      readonly milliseconds: number;
    };

/** A fault that waits for its call. */
export interface InjectedFault {
  readonly fault: NodeFault;
  /** How many calls have met it. */
  readonly hits: number;
  /** Resolves when it has met as many calls as asked for. */
  readonly consumed: Promise<void>;
  /** Takes back what has not happened yet. */
  cancel(): void;
}

export interface NodeFaults {
  /** Makes the next call that fits, or the next `times` ones, meet the fault. Faults are met in the order given. */
  next(fault: NodeFault, options?: { readonly times?: number }): InjectedFault;
  /** Faults that have not met all their calls. */
  readonly pending: readonly InjectedFault[];
  /** Takes back all of them. */
  clear(): void;
}

type FaultOf<K extends NodeFault["kind"]> = Extract<NodeFault, { kind: K }>;

/** The node's own side: asks whether a call meets a fault, and consumes it. */
export interface FaultSource extends NodeFaults {
  take<K extends NodeFault["kind"]>(
    kind: K,
    stream: string,
    fits?: (fault: FaultOf<K>) => boolean,
  ): FaultOf<K> | undefined;
}

interface PendingFault extends InjectedFault {
  hits: number;
  remaining: number;
  readonly resolve: () => void;
}

export function createNodeFaults(): FaultSource {
  const pending: PendingFault[] = [];
  const remove = (entry: PendingFault) => {
    const index = pending.indexOf(entry);
    if (index !== -1) pending.splice(index, 1);
  };
  return {
    next(fault, { times = 1 } = {}) {
      let resolve = () => {};
      const consumed = new Promise<void>((done) => {
        resolve = done;
      });
      const entry: PendingFault = {
        fault,
        hits: 0,
        remaining: times,
        consumed,
        resolve,
        cancel: () => remove(entry),
      };
      pending.push(entry);
      return entry;
    },
    get pending() {
      return [...pending];
    },
    clear() {
      pending.length = 0;
    },
    take(kind, stream, fits = () => true) {
      for (const entry of pending) {
        if (!isKind(entry.fault, kind)) continue;
        if (entry.fault.stream !== undefined && entry.fault.stream !== stream) continue;
        if (!fits(entry.fault)) continue;
        entry.hits += 1;
        entry.remaining -= 1;
        if (entry.remaining === 0) {
          remove(entry);
          entry.resolve();
        }
        return entry.fault;
      }
      return undefined;
    },
  };
}

function isKind<K extends NodeFault["kind"]>(fault: NodeFault, kind: K): fault is FaultOf<K> {
  return fault.kind === kind;
}
