import {
  createApplication,
  defineAggregate,
  defineApplication,
  defineSubscription,
  DomainError,
  type AnyProjection,
  type Application,
  type ApplicationOptions,
  type Storage,
  type SubscriptionDefinition,
} from "@tidemark/framework";
import { z } from "zod";
import { Opened } from "./bank.ts";
import { ownersByFold } from "./owners.ts";

/** An account that is opened; a second time is refused. */
export const Account = defineAggregate({
  name: "account",
  events: [Opened],
  initialState: (): { readonly isOpen: boolean } => ({ isOpen: false }),
})
  .evolve({ Opened: () => ({ isOpen: true }) })
  .commands({
    open: {
      input: z.object({ owner: z.string() }),
      decide: (state, { owner }) => {
        if (state.isOpen) throw new DomainError("account-already-open", "The account is open");
        return Opened({ owner });
      },
    },
  });

/** Greets owners, but fails for those that are named. */
export function greeting(failsFor: ReadonlySet<string> = new Set()): SubscriptionDefinition {
  return defineSubscription({
    name: "greeting",
    events: [Opened],
    retry: { steps: 3, duration: 5, factor: 1, jitter: 0, cap: 50 },
    handle: {
      Opened: ({ data }) => {
        if (failsFor.has(data.owner)) throw new Error(`${data.owner} cannot be greeted`);
      },
    },
  });
}

/** Accounts with a read model of their owners and a subscription, for looking at it from outside. */
export async function startObserved(
  storage: Storage,
  options: Partial<ApplicationOptions> & {
    readonly readModels?: readonly AnyProjection[];
    readonly subscription?: SubscriptionDefinition;
  } = {},
): Promise<Application<readonly [typeof Account]>> {
  const { readModels = [ownersByFold], subscription = greeting(), ...rest } = options;
  const definition = defineApplication({
    name: "observed",
    aggregates: [Account],
    projections: readModels,
    subscriptions: [subscription],
  });
  const application = createApplication(definition, { storage, registry: null, leaseMs: 500, ...rest });
  await application.start();
  return application;
}
