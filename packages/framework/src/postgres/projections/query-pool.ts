import type pg from "pg";

/**
 * A pool for queries that an application writes itself: an outage is `store-unavailable` for them as for everything
 * else, and not an error of the driver's that says nothing to who called.
 */
export function queryPool(
  pool: pg.Pool,
  translated: (error: unknown) => unknown,
): { connect(): Promise<pg.PoolClient>; end(): Promise<void> } {
  return {
    connect: async () => {
      try {
        return translatingClient(await pool.connect(), translated);
      } catch (error) {
        throw translated(error);
      }
    },
    end: () => pool.end(),
  };
}

function translatingClient(client: pg.PoolClient, translated: (error: unknown) => unknown): pg.PoolClient {
  return new Proxy(client, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property, target);
      if (typeof value !== "function") return value;
      if (property !== "query") return value.bind(target);
      return (...given: unknown[]): unknown => {
        const running: unknown = Reflect.apply(value, target, given);
        if (!(running instanceof Promise)) return running;
        return running.catch((error: unknown) => {
          throw translated(error);
        });
      };
    },
  });
}
