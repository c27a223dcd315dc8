import { randomUUID } from "node:crypto";
import { afterEach } from "vitest";
import { numberedEvents, uniqueStream } from "./case-data.ts";
import { type ConsumerWatch, fromStart, watchConsumer } from "./consumers.ts";
import { describeWithClient, type Session } from "./describe-with-client.ts";
import type { Client } from "./client-library.ts";

/** A group on a stream, and how to work with it. */
export interface Group {
  readonly stream: string;
  readonly name: string;
  connect(options?: { bufferSize?: number; client?: Client }): ConsumerWatch;
  append(count: number, from?: number): Promise<void>;
  info(): ReturnType<Client["getPersistentSubscriptionToStreamInfo"]>;
}

export interface GroupSession extends Session {
  /** A new group on a new stream that holds so many events. */
  group(events: number, settings?: Parameters<typeof fromStart>[0]): Promise<Group>;
  /** Has the consumer stopped after the case. */
  watched(consumer: ConsumerWatch): ConsumerWatch;
}

/** `describeWithClient` for cases that work with groups. */
export function describeGroups(
  title: string,
  body: (session: GroupSession) => void,
  options: Parameters<typeof describeWithClient>[2] = {},
): void {
  describeWithClient(
    title,
    (session) => {
      const consumers: ConsumerWatch[] = [];
      afterEach(async () => {
        for (const consumer of consumers.splice(0)) await consumer.stop();
      });
      const watched = (consumer: ConsumerWatch): ConsumerWatch => {
        consumers.push(consumer);
        return consumer;
      };
      const group = async (
        events: number,
        settings: Parameters<typeof fromStart>[0] = {},
      ): Promise<Group> => {
        const stream = uniqueStream("group");
        const name = `group-${randomUUID()}`;
        if (events > 0) await session.client.appendToStream(stream, numberedEvents(events));
        await session.client.createPersistentSubscriptionToStream(stream, name, fromStart(settings));
        return {
          stream,
          name,
          connect: ({ bufferSize = 10, client = session.client } = {}) =>
            watched(
              watchConsumer(client.subscribeToPersistentSubscriptionToStream(stream, name, { bufferSize })),
            ),
          append: async (count, from = events) =>
            void (await session.client.appendToStream(stream, numberedEvents(count, { from }))),
          info: async () => await session.client.getPersistentSubscriptionToStreamInfo(stream, name),
        };
      };
      body({
        get client() {
          return session.client;
        },
        get database() {
          return session.database;
        },
        connect: (connectionString) => session.connect(connectionString),
        group,
        watched,
      });
    },
    options,
  );
}
