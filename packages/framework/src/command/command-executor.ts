import { randomUUID } from "node:crypto";
import { v5 as uuidV5, v7 as uuidV7 } from "uuid";
import {
  AggregateRepository,
  checkAggregateId,
  type LoadedAggregate,
} from "../aggregate/aggregate-repository.ts";
import { decidedEvents, type AnyAggregate, type DecideContext } from "../aggregate/define-aggregate.ts";
import { DomainError, TidemarkError } from "../errors.ts";
import type { NewEvent } from "../event/define-event.ts";
import type { EventSerializer } from "../event/event-serializer.ts";
import type { EventToAppend } from "../event/stored-event.ts";
import type { AppendOutcome, EventStore } from "../event-store/event-store.ts";
import type { IdempotencyEntry } from "../event-store/idempotency-record.ts";
import { streamIdOf } from "../event-store/stream-id.ts";
import { appendSettled } from "./append-settled.ts";
import { defaultCommandIntake, type CommandIntake } from "./command-intake.ts";
import { checkCommandOptions, type CommandOptions } from "./command-options.ts";
import { commandResult, type CommandResult } from "./command-result.ts";
import { conflictBackoff, maxConflictAttempts } from "./conflict-backoff.ts";
import { InFlightRequests } from "./in-flight-requests.ts";
import { KeyedQueue } from "./keyed-queue.ts";
import { parseInput } from "./parse-input.ts";
import { encodeAnswer, refusalOf, requestHash, type RecordedAnswer } from "./recorded-answer.ts";
import { findAnswer, replayAnswer, type KeyedRequest } from "./replay-answer.ts";

/** One command with everything that is the same for each of its attempts. */
interface Request {
  readonly aggregate: AnyAggregate;
  readonly id: string;
  readonly decide: (state: unknown, input: unknown, context: DecideContext) => NewEvent | readonly NewEvent[];
  readonly input: unknown;
  readonly options: CommandOptions;
  readonly tenant: string;
  /** `null` without an idempotency key. */
  readonly keyed: KeyedRequest | null;
}

/** How long an idempotency record is kept: 24 hours, in milliseconds. */
const defaultTimeToLiveMs = 24 * 60 * 60 * 1_000;

/**
 * Runs commands: load, decide, append; reloads and decides again when another writer was faster.
 * Commands on one stream run one after the other in this process.
 */
export class CommandExecutor {
  readonly #source: { readonly eventStore: EventStore; readonly serializer: EventSerializer };
  readonly #repository: AggregateRepository;
  readonly #queue: KeyedQueue;
  readonly #inFlight = new InFlightRequests<CommandResult>();
  readonly #timeToLiveMs: number;

  constructor(options: {
    readonly eventStore: EventStore;
    readonly serializer: EventSerializer;
    readonly repository: AggregateRepository;
    readonly intake?: Partial<CommandIntake>;
    readonly idempotencyTimeToLiveMs?: number;
  }) {
    const { eventStore, serializer } = options;
    this.#source = { eventStore, serializer };
    this.#repository = options.repository;
    const { maxCommands, whenFull } = { ...defaultCommandIntake, ...options.intake };
    this.#queue = new KeyedQueue(maxCommands, whenFull);
    this.#timeToLiveMs = options.idempotencyTimeToLiveMs ?? defaultTimeToLiveMs;
  }

  /**
   * `id: null` makes a new aggregate under a uuid v7.
   *
   * @throws DomainError when the aggregate refuses; TidemarkError for everything else.
   */
  async execute(
    aggregate: AnyAggregate,
    id: string | null,
    command: string,
    input: unknown,
    options: CommandOptions = {},
  ): Promise<CommandResult> {
    checkCommandOptions(options);
    const aggregateId = id ?? uuidV7();
    checkAggregateId(aggregateId);
    streamIdOf(aggregate.name, aggregateId);
    const definition = Object.hasOwn(aggregate.commands, command) ? aggregate.commands[command] : undefined;
    if (definition === undefined) {
      throw new TidemarkError(
        "command-unknown",
        `The aggregate ${aggregate.name} has no command ${command}.`,
      );
    }
    const parsed = parseInput(definition.input, input);
    const tenant = options.tenant ?? "";
    const { decide } = definition;
    const request = { aggregate, id: aggregateId, decide, input: parsed, options, tenant };
    const { idempotencyKey } = options;
    if (idempotencyKey === undefined) return this.#enqueue({ ...request, keyed: null });

    const identity = { tenant, principal: options.principal ?? "", key: idempotencyKey };
    const hash = requestHash(`${aggregate.name}.${command}`, id ?? "", parsed);
    const keyed = { aggregate, identity, hash };
    const key = JSON.stringify([tenant, identity.principal, idempotencyKey]);
    const { joined, result } = await this.#inFlight.run(
      key,
      hash,
      async () => (await findAnswer(this.#source, keyed)) ?? this.#enqueue({ ...request, keyed }),
    );
    return joined ? { ...result, replayed: true } : result;
  }

  #enqueue(request: Request): Promise<CommandResult> {
    const key = `${request.tenant}\u0000${streamIdOf(request.aggregate.name, request.id)}`;
    return this.#queue.run(key, () => this.#runUntilSettled(request), request.options.signal);
  }

  async #runUntilSettled(request: Request): Promise<CommandResult> {
    for (let attempt = 1; attempt <= maxConflictAttempts; attempt += 1) {
      const result = await this.#attempt(request);
      if (result !== "conflict") return result;
      await conflictBackoff(attempt);
    }
    throw new TidemarkError(
      "conflict",
      `Other writers were faster on ${request.aggregate.name}-${request.id} ${maxConflictAttempts} times: try again later.`,
      { details: { retryAfterSeconds: 1 } },
    );
  }

  async #attempt(request: Request): Promise<CommandResult | "conflict"> {
    const { aggregate, id, options, tenant } = request;
    const loaded = await this.#repository.load(aggregate, id, tenant);
    const source = options.eventId === undefined ? undefined : loaded.sourceEvents.get(options.eventId);
    if (source !== undefined) {
      const { revision, position } = source;
      return this.#result({ aggregateId: id, revision, position, events: [], replayed: true });
    }
    const { expectedRevision } = options;
    if (expectedRevision !== undefined && expectedRevision !== (loaded.revision ?? -1n)) {
      return this.#staleUnlessAnswered(request, loaded, expectedRevision);
    }
    let decided: readonly NewEvent[];
    try {
      const context = { id, revision: loaded.revision };
      decided = decidedEvents(aggregate, request.decide(loaded.state, request.input, context));
    } catch (error) {
      if (error instanceof DomainError) return this.#refuse(request, error);
      throw error;
    }
    return this.#record(request, loaded, decided);
  }

  /** Another process may have answered this key since it was looked up, and so have made the revision stale itself. */
  async #staleUnlessAnswered(
    { keyed }: Request,
    loaded: LoadedAggregate,
    expected: bigint,
  ): Promise<CommandResult> {
    const answered = keyed === null ? null : await findAnswer(this.#source, keyed);
    if (answered !== null) return answered;
    const actual = loaded.revision ?? -1n;
    throw new TidemarkError(
      "stale-revision",
      `${loaded.streamId} has ${inWords(actual)}, the request expects ${inWords(expected)}: read it again and decide anew.`,
      { details: { expected: String(expected), actual: String(actual) } },
    );
  }

  async #record(
    request: Request,
    loaded: LoadedAggregate,
    decided: readonly NewEvent[],
  ): Promise<CommandResult | "conflict"> {
    const { id: aggregateId, tenant } = request;
    const before = loaded.revision ?? -1n;
    const events = this.#encode(request, decided);
    const unchanged = { aggregateId, revision: before, position: loaded.position };
    if (events.length === 0 && request.keyed === null) {
      return this.#result({ ...unchanged, events: [], replayed: false });
    }
    const answer: RecordedAnswer = {
      outcome: "accepted",
      aggregateId,
      events: events.length,
      revision: String(before),
      position: String(loaded.position),
    };
    const outcome = await appendSettled(this.#source.eventStore, loaded.streamId, events, {
      tenant,
      expectedRevision: events.length === 0 ? "any" : (loaded.revision ?? "no-stream"),
      ...this.#idempotencyEntry(request, answer),
    });
    if (outcome.status !== "appended") return this.#notAppended(request, outcome);
    // A stream that was deleted goes on with its revisions, which the read that found nothing cannot know.
    const revision = events.length === 0 ? before : (outcome.revisions[0] ?? before);
    const recorded = events.map(({ eventId }, index) => {
      const { type = "", data } = decided[index] ?? {};
      return { type, data, eventId, revision: revision - BigInt(events.length - 1 - index) };
    });
    return this.#result({
      aggregateId,
      revision,
      position: outcome.position ?? loaded.position,
      events: recorded,
      replayed: false,
    });
  }

  /** A refusal is an answer like any other: the key remembers it, and a race with an accepted one has one winner. */
  async #refuse(request: Request, error: DomainError): Promise<CommandResult | "conflict"> {
    if (request.keyed === null) throw error;
    const streamId = streamIdOf(request.aggregate.name, request.id);
    const outcome = await appendSettled(this.#source.eventStore, streamId, [], {
      tenant: request.tenant,
      expectedRevision: "any",
      ...this.#idempotencyEntry(request, refusalOf(error)),
    });
    if (outcome.status === "appended") throw error;
    return this.#notAppended(request, outcome);
  }

  async #notAppended(
    { keyed }: Request,
    outcome: Exclude<AppendOutcome, { status: "appended" }>,
  ): Promise<CommandResult | "conflict"> {
    switch (outcome.status) {
      case "conflict":
        return "conflict";
      case "already-recorded":
        if (keyed === null) throw new Error("a record was found for a request without a key");
        return replayAnswer(this.#source, keyed, outcome.record);
      case "condition-failed":
        throw new Error("a condition failed for an append without conditions");
      case "duplicate-event":
        throw new TidemarkError(
          "duplicate-event-id",
          `The event id ${outcome.eventId} is already stored: an event id names one event for ever.`,
        );
    }
  }

  #encode(request: Request, decided: readonly NewEvent[]): readonly EventToAppend[] {
    const { options } = request;
    const context = {
      correlationId: options.correlationId ?? randomUUID(),
      causationId: options.causationId ?? null,
      metadata: {
        actor: options.principal ?? null,
        traceparent: options.metadata?.traceparent ?? null,
        user: options.metadata?.user ?? {},
      },
    };
    return decided.map((event, index) =>
      this.#source.serializer.encode(event, eventIdAt(options.eventId, index), context),
    );
  }

  #idempotencyEntry({ keyed }: Request, answer: RecordedAnswer): { readonly idempotency?: IdempotencyEntry } {
    if (keyed === null) return {};
    const { identity, hash } = keyed;
    const body = encodeAnswer(answer);
    return { idempotency: { identity, requestHash: hash, body, timeToLiveMs: this.#timeToLiveMs } };
  }

  #result(result: Omit<CommandResult, "consistencyToken">): CommandResult {
    return commandResult(this.#source.eventStore, result);
  }
}

function inWords(revision: bigint): string {
  return revision < 0n ? "no events" : `revision ${revision}`;
}

function eventIdAt(first: string | undefined, index: number): string {
  if (first === undefined) return randomUUID();
  return index === 0 ? first : uuidV5(String(index), first);
}
