import type { z } from "zod";
import { TidemarkError } from "../errors.ts";
import type { AnyEventDefinition, EventData, NewEvent } from "../event/define-event.ts";
import type { RecordedEvent } from "../event/recorded-event.ts";

type EventNamed<Events extends readonly AnyEventDefinition[], Type> = Extract<
  Events[number],
  { readonly type: Type }
>;

/** One handler an event: the state after it. Pure; it must accept every event that was ever stored. */
export type EvolveHandlers<State, Events extends readonly AnyEventDefinition[]> = {
  readonly [Type in Events[number]["type"]]: (
    state: State,
    data: EventData<EventNamed<Events, Type>>,
    event: RecordedEvent<Type, EventData<EventNamed<Events, Type>>>,
  ) => State;
};

/** What a decision may return: events of its own aggregate, one, several or none. */
export type Decision<Events extends readonly AnyEventDefinition[]> =
  ReturnType<Events[number]> | readonly ReturnType<Events[number]>[];

export interface DecideContext {
  /** Id of the aggregate, the part of the stream's name after the category. */
  readonly id: string;
  /** Last revision of the stream; `null` when the aggregate has no events yet. */
  readonly revision: bigint | null;
}

/** A command: how its input is parsed, and what it decides on a state. */
export interface CommandDefinition<
  State,
  Events extends readonly AnyEventDefinition[],
  Input extends z.ZodType,
> {
  readonly input: Input;
  /** Pure: no I/O, no clock, no random. Refuses by throwing a DomainError. */
  readonly decide: (state: State, input: z.output<Input>, context: DecideContext) => Decision<Events>;
}

/** An aggregate without its commands: enough to fold a stream. */
export interface Decider<Name extends string, State, Events extends readonly AnyEventDefinition[]> {
  readonly name: Name;
  readonly events: Events;
  readonly initialState: (id: string) => State;
  readonly evolve: EvolveHandlers<State, Events>;
}

/** A complete aggregate: what `application.execute` runs. */
export interface Aggregate<
  Name extends string,
  State,
  Events extends readonly AnyEventDefinition[],
  Inputs extends Record<string, z.ZodType>,
> extends Decider<Name, State, Events> {
  readonly commands: {
    readonly [Command in keyof Inputs]: CommandDefinition<State, Events, Inputs[Command]>;
  };
}

/* oxlint-disable typescript/no-explicit-any -- An aggregate is invariant in its state, events and inputs: this is the
   top of all of them, for code that runs any. Each handler still gets what its own definition names. */
/** Any aggregate. */
export interface AnyAggregate {
  readonly name: string;
  readonly events: readonly AnyEventDefinition[];
  readonly initialState: (id: string) => any;
  readonly evolve: { readonly [type: string]: (state: any, data: any, event: any) => any };
  readonly commands: {
    readonly [command: string]: {
      readonly input: z.ZodType;
      readonly decide: (state: any, input: any, context: DecideContext) => NewEvent | readonly NewEvent[];
    };
  };
}
/* oxlint-enable typescript/no-explicit-any */

/** Names of an aggregate's commands. */
export type CommandName<A extends AnyAggregate> = keyof A["commands"] & string;

/** What a caller passes to a command, before zod parses it. */
export type CommandInput<A extends AnyAggregate, Command extends CommandName<A>> = z.input<
  A["commands"][Command]["input"]
>;

/**
 * Defines an aggregate in three steps, each fixing the types of the next: its events and initial state,
 * `evolve` (one handler an event), `commands` (one an intention).
 *
 * The name is the category of its streams: lower-case letters, digits and underscores, from a letter on.
 *
 * @throws TidemarkError `definition-invalid` for a bad name, or two events of the same short name.
 * @example
 * const Account = defineAggregate({ name: "account", events: [Opened], initialState: (): State => ({ open: false }) })
 *   .evolve({ Opened: (state) => ({ ...state, open: true }) })
 *   .commands({ open: { input: z.object({ owner: z.string() }), decide: (state, input) => Opened(input) } });
 */
export function defineAggregate<
  const Name extends string,
  State,
  const Events extends readonly AnyEventDefinition[],
>(definition: {
  readonly name: Name;
  readonly events: Events;
  readonly initialState: (id: string) => State;
}) {
  const { name, events, initialState } = definition;
  if (!/^[a-z][a-z0-9_]*$/.test(name)) {
    invalid(name, "its name must be lower-case letters, digits and underscores, from a letter on");
  }
  checkEventNames(name, events);
  return {
    evolve: (evolve: EvolveHandlers<State, Events>) => ({
      name,
      events,
      initialState,
      evolve,
      commands: <const Inputs extends Record<string, z.ZodType>>(commands: {
        readonly [Command in keyof Inputs]: CommandDefinition<State, Events, Inputs[Command]>;
      }): Aggregate<Name, State, Events, Inputs> =>
        Object.freeze({ name, events, initialState, evolve, commands }),
    }),
  };
}

/** A decider as seen by code that folds any of them: each handler gets the data of its own event. */
interface AnyDecider<State> {
  readonly name: string;
  // Handlers differ in the data they take; the map is keyed by the event's own type, so the two belong together.
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly evolve: { readonly [type: string]: (state: State, data: any, event: any) => State };
}

/** The state after these events. */
export function fold<State>(
  decider: AnyDecider<State>,
  state: State,
  events: Iterable<RecordedEvent>,
): State {
  let next = state;
  for (const event of events) {
    const handler = decider.evolve[event.type];
    if (handler === undefined) {
      throw new TidemarkError(
        "event-newer-than-this-node",
        `The aggregate ${decider.name} has no handler for ${event.type} in ${event.streamId}: deploy the version that has.`,
      );
    }
    next = handler(next, event.data, event);
  }
  return next;
}

/**
 * What `decide` returned, as a list: it may be one event, several or none.
 *
 * @throws TidemarkError `event-unknown` for an event of another aggregate, which this one could never fold again;
 * `definition-invalid` for anything that is no event.
 */
export function decidedEvents(
  aggregate: Pick<AnyAggregate, "name" | "events">,
  decision: unknown,
): readonly NewEvent[] {
  const events: readonly unknown[] = Array.isArray(decision) ? decision : [decision];
  return events.map((event) => {
    if (!isNewEvent(event)) {
      invalid(aggregate.name, "decide must return an event, a list of events or [], and not a promise");
    }
    const { recordName } = event.definition;
    if (aggregate.events.some((own) => own.recordName === recordName)) return event;
    throw new TidemarkError(
      "event-unknown",
      `The aggregate ${aggregate.name} decided on ${recordName}, which is none of its events: add it to them.`,
    );
  });
}

function isNewEvent(value: unknown): value is NewEvent {
  return typeof value === "object" && value !== null && "definition" in value;
}

function checkEventNames(name: string, events: readonly AnyEventDefinition[]): void {
  const seen = new Set<string>();
  for (const { type } of events) {
    if (seen.has(type)) invalid(name, `two of its events are called ${type}: short names must differ`);
    seen.add(type);
  }
}

function invalid(name: string, rule: string): never {
  throw new TidemarkError(
    "definition-invalid",
    `The aggregate ${JSON.stringify(name)} is not well defined: ${rule}.`,
  );
}
