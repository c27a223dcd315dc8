import type {
  AnyEventDefinition,
  AnyProjection,
  NewEvent,
  RetryStrategy,
  SubscriptionDefinition,
} from "@tidemark/framework";

/** Of the next deployment. */
export const MovedV2: AnyEventDefinition & ((data: { cents: bigint; to: string; note: string }) => NewEvent);

/** The amount that a broken account cannot take. */
export const poison: bigint;

/** Says which amounts came, how often each and in which order: one more, one less or a swap gives another digest. */
export function digestAfter(digest: string, cents: bigint): string;

export interface DigestsOptions {
  readonly form: "fold" | "handlers";
  readonly version?: number;
  readonly partitions?: number;
  readonly broken?: readonly string[];
  readonly handlerMs?: number;
}

/**
 * What came to each account. `broken` accounts refuse the poison until the code is fixed; a handler may say with
 * `onHandle` that it has begun, and take `handlerMs` before it writes.
 */
export function digests(options: DigestsOptions): AnyProjection;

export interface NoticesOptions {
  readonly service: string;
  readonly partitions?: number;
  readonly retry?: RetryStrategy | null;
  readonly onReplay?: "mute" | "run";
  readonly timeoutMs?: number;
  readonly maxMessageBytes?: number;
  readonly buffer?: { readonly events?: number; readonly bytes?: number };
}

/** Tells the service of each move, with the key that stays the same; fails at once for the account "throws". */
export function notices(options: NoticesOptions): SubscriptionDefinition;
