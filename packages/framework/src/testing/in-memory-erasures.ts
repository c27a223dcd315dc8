import type { ErasureOutcome, ErasureRequest } from "../event-store/erasure.ts";
import { lastRevision, type InMemoryStream } from "./in-memory-stream.ts";

interface ScheduledErasure {
  readonly stream: InMemoryStream;
  readonly request: ErasureRequest;
  readonly at: Date;
}

/** The erasures of an in-memory store that are not due yet. */
export class InMemoryErasures {
  #scheduled: ScheduledErasure[] = [];

  request(stream: InMemoryStream, request: ErasureRequest, now: Date): ErasureOutcome {
    const { at } = request;
    if (at === undefined || at <= now) return { status: "erased", ...erase(stream, request) };
    this.#scheduled.push({ stream, request, at });
    return { status: "scheduled", at };
  }

  carryOut(now: Date): void {
    const due = this.#scheduled.filter(({ at }) => at <= now);
    if (due.length === 0) return;
    this.#scheduled = this.#scheduled.filter(({ at }) => at > now);
    for (const { stream, request } of due) erase(stream, request);
  }
}

/** Also takes what the stream's metadata or its deletion hides: hidden is not gone. */
function erase(
  stream: InMemoryStream,
  { from = 0n, to = lastRevision(stream) }: ErasureRequest,
): { readonly events: bigint; readonly types: readonly string[] } {
  const types = new Set<string>();
  let events = 0n;
  for (const entry of stream.entries) {
    const { revision, encoding, type } = entry.event;
    if (revision < from || revision > to || encoding === "erased") continue;
    entry.event = { ...entry.event, encoding: "erased", data: Buffer.alloc(0) };
    types.add(type);
    events += 1n;
  }
  return { events, types: [...types] };
}
