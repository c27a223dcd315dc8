import { isDeepStrictEqual } from "node:util";
import type { AnyAggregate, CommandInput, CommandName } from "../aggregate/define-aggregate.ts";
import { decidedEvents, fold } from "../aggregate/define-aggregate.ts";
import { parseInput } from "../command/parse-input.ts";
import { DomainError } from "../errors.ts";
import type { NewEvent } from "../event/define-event.ts";
import type { RecordedEvent } from "../event/recorded-event.ts";
import { recordEvent } from "./record-event.ts";

interface Then {
  /** The command led to exactly these events, in this order. */
  then(events: readonly NewEvent[]): void;
  /** The command was refused with this code. */
  thenRefused(code: string): void;
}

interface When<A extends AnyAggregate> {
  when<Command extends CommandName<A>>(command: Command, input: CommandInput<A, Command>): Then;
}

/**
 * Tests an aggregate without a store: what happened, what is asked, what follows. Events pass through Avro and
 * their rules on the way, so a test finds what publishing would refuse. Failures throw with both sides shown.
 *
 * @example
 * testAggregate(Account)
 *   .given([AccountOpened({ owner: "Ada" })])
 *   .when("deposit", { amount: "10.00" })
 *   .then([FundsDeposited({ amount: 1000n })]);
 */
export function testAggregate<A extends AnyAggregate>(
  aggregate: A,
  id = "test",
): When<A> & { given(events: readonly NewEvent[]): When<A> } {
  const given = (events: readonly NewEvent[]): When<A> => ({
    when: (command, input) => ({
      // The grammar of given/when/then; nothing here is ever awaited.
      // oxlint-disable-next-line unicorn/no-thenable
      then(expected) {
        const actual = decide(aggregate, id, events, command, input);
        if (actual instanceof DomainError) {
          throw new Error(`${command} was refused with ${actual.code}: ${actual.message}`);
        }
        const [left, right] = [actual, expected].map((list) => list.map(shapeOf));
        if (!isDeepStrictEqual(left, right)) {
          throw new Error(`${command} led to\n${show(left)}\ninstead of\n${show(right)}`);
        }
      },
      thenRefused(code) {
        const actual = decide(aggregate, id, events, command, input);
        if (!(actual instanceof DomainError)) {
          throw new Error(
            `${command} was accepted instead of refused with ${code}: ${show(actual.map(shapeOf))}`,
          );
        }
        if (actual.code !== code)
          throw new Error(`${command} was refused with ${actual.code} instead of ${code}`);
      },
    }),
  });
  return { given, ...given([]) };
}

function decide(
  aggregate: AnyAggregate,
  id: string,
  events: readonly NewEvent[],
  command: string,
  input: unknown,
): readonly NewEvent[] | DomainError {
  const state = fold(aggregate, aggregate.initialState(id), recorded(aggregate, id, events));
  const definition = aggregate.commands[command];
  if (definition === undefined) throw new Error(`${aggregate.name} has no command ${command}`);
  const context = { id, revision: events.length === 0 ? null : BigInt(events.length - 1) };
  try {
    const decision = decidedEvents(
      aggregate,
      definition.decide(state, parseInput(definition.input, input), context),
    );
    // What publishing would refuse fails here.
    recorded(aggregate, id, decision);
    return decision;
  } catch (error) {
    if (error instanceof DomainError) return error;
    throw error;
  }
}

function recorded(aggregate: AnyAggregate, id: string, events: readonly NewEvent[]): RecordedEvent[] {
  return events.flatMap((event, index) =>
    recordEvent(event, {
      streamId: `${aggregate.name}-${id}`,
      revision: BigInt(index),
      position: BigInt(index + 1),
      recordedAt: new Date(index),
    }),
  );
}

function shapeOf({ type, data }: NewEvent): { type: string; data: unknown } {
  return { type, data };
}

function show(value: unknown): string {
  return JSON.stringify(value, (_, entry: unknown) => (typeof entry === "bigint" ? `${entry}n` : entry), 2);
}
