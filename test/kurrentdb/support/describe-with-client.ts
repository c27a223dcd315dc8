import { afterAll, beforeAll, describe } from "vitest";
import { clientLibrary, connect as connectTo, type Client } from "./client-library.ts";
import { openDatabase, type Database } from "./database.ts";

/** What a case works with; the getters are set when its hooks have run. */
export interface Session {
  readonly client: Client;
  readonly database: Database;
  /** A further client, closed with the session; to the same database unless another connection is named. */
  connect(connectionString?: string): Client;
}

/** Opens a database and a client before the cases of the surrounding suite and closes them behind. */
function openSession(): Session {
  const clients: Client[] = [];
  let database: Database | undefined;
  const opened = (): Database => {
    if (database === undefined) throw new Error("the database opens in beforeAll");
    return database;
  };
  const connect = (connectionString = opened().connectionString): Client => {
    const client = connectTo(connectionString);
    clients.push(client);
    return client;
  };
  beforeAll(async () => {
    database = await openDatabase();
    connect();
  });
  afterAll(async () => {
    for (const client of clients) await client.dispose();
    await database?.close();
  });
  return {
    get client() {
      const [first] = clients;
      if (first === undefined) throw new Error("the client connects in beforeAll");
      return first;
    },
    get database() {
      return opened();
    },
    connect,
  };
}

/** One for all cases of the file: they must not assume an empty log, and a new client takes half a second to connect. */
const shared = openSession();

/**
 * The cases of `body` against the database, with the client library of this process. `alone` gives them a database of
 * their own when no server was named.
 */
export function describeWithClient(
  title: string,
  body: (session: Session) => void,
  options: { alone?: boolean } = {},
): void {
  describe(`${title} (${clientLibrary})`, () => body(options.alone === true ? openSession() : shared));
}
