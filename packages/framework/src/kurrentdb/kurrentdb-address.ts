import { z } from "zod";

/** Where a KurrentDB is. */
export interface KurrentDbAddress {
  /** As the client takes it, with credentials if there are any: never to be shown. */
  readonly connectionString: string;
  /** For people: scheme and hosts, nothing secret. */
  readonly description: string;
}

/** Every name of one protocol; the client knows the last one. */
const schemes = ["kurrentdb", "kurrent", "kdb", "esdb"];

/**
 * Not here: `throwOnAppendFailure=false`, with which the client invents revisions, and `tlsVerifyCert`, which it
 * ignores while it prints the whole connection string.
 */
const options: Readonly<Record<string, { readonly value: RegExp; readonly rule: string }>> = {
  tls: { value: /^(true|false)$/, rule: "true or false" },
  tlsCAFile: { value: /./, rule: "a file" },
  userCertFile: { value: /./, rule: "a file" },
  userKeyFile: { value: /./, rule: "a file" },
  connectionName: { value: /./, rule: "a name" },
  nodePreference: {
    value: /^(leader|follower|random|read_?only_?replica)$/i,
    rule: "leader, follower, random or readOnlyReplica",
  },
  maxDiscoverAttempts: { value: /^\d{1,9}$/, rule: "a whole number" },
  discoveryInterval: { value: /^\d{1,9}$/, rule: "milliseconds" },
  gossipTimeout: { value: /^\d{1,9}$/, rule: "seconds" },
  defaultDeadline: { value: /^\d{1,9}$/, rule: "milliseconds" },
  keepAliveInterval: { value: /^-?\d{1,9}$/, rule: "milliseconds" },
  keepAliveTimeout: { value: /^-?\d{1,9}$/, rule: "milliseconds" },
};

const form =
  /^(?<scheme>[a-z]+)(?<discover>\+discover)?:\/\/(?:(?<credentials>[^:@/?#\s]+:[^:@/?#\s]+)@)?(?<hosts>[^@/?#\s]+)\/?(?:\?(?<query>[^@\s]*))?$/;

const host = /^[a-z\d](?:[a-z\d.-]*[a-z\d])?(?::(?<port>\d{1,5}))?$/i;

function isHost(text: string): boolean {
  const found = host.exec(text);
  const port = Number(found?.groups?.["port"] ?? 2_113);
  return found !== null && port >= 1 && port <= 65_535;
}

/**
 * The connection string of a KurrentDB (EventStoreDB) as someone types it, in an environment variable for example.
 * Faults are told without the value: it may hold a password.
 *
 * @example
 * const settings = z.object({ EVENT_STORE: kurrentDbAddress.optional() }).parse(process.env);
 */
export const kurrentDbAddress = z.string().transform((text, context): KurrentDbAddress => {
  const refuse = (message: string) => {
    context.addIssue({ code: "custom", message });
    return z.NEVER;
  };
  const { scheme = "", discover = "", credentials, hosts = "", query } = form.exec(text)?.groups ?? {};
  if (!schemes.includes(scheme)) {
    return refuse(
      "must be like kurrentdb://host:2113?tls=false, kurrentdb+discover://cluster or esdb://user:password@host " +
        "(percent-encode special characters of the password), or be absent for PostgreSQL",
    );
  }
  if (!hosts.split(",").every(isHost)) {
    return refuse("must name each host as name or name:port (1 to 65535), several with a comma between them");
  }
  for (const [key, value] of new URLSearchParams(query)) {
    const name = Object.keys(options).find((known) => known.toLowerCase() === key.toLowerCase());
    if (name === undefined) {
      return refuse(`has an option ${key}, which is not one of ${Object.keys(options).join(", ")}`);
    }
    if (!options[name]?.value.test(value))
      return refuse(`needs ${options[name]?.rule} as its option ${name}`);
  }
  return {
    connectionString:
      `esdb${discover}://${credentials === undefined ? "" : `${credentials}@`}${hosts}` +
      (query ? `?${query}` : ""),
    description: `${scheme}${discover}://${hosts}`,
  };
});
