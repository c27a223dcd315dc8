import type { Command } from "commander";
import { createRegistryClient } from "../client/http-registry-client.ts";
import { createOperatorClient, type OperatorClient } from "../client/operator-client.ts";
import type { RegistryClient } from "../client/registry-client.ts";
import { createRegistryTransport, type RegistryTransportOptions } from "../client/registry-transport.ts";
import { CliFailure } from "./cli-failure.ts";
import { createOutput, type Output } from "./output.ts";

/** What every command works with. */
export interface CommandContext {
  /** Where the registry is, for messages. */
  readonly url: string;
  readonly client: RegistryClient;
  readonly operator: OperatorClient;
  readonly output: Output;
  readonly signal: AbortSignal;
}

/** The options that stand before or after any command. */
interface SharedOptions {
  readonly registry: string;
  readonly user?: string;
  readonly token?: string;
  readonly timeout: number;
  readonly json?: true;
}

/** @throws CliFailure for a url or credentials that are none */
export function openContext(command: Command, signal: AbortSignal): CommandContext {
  const shared = command.optsWithGlobals<SharedOptions>();
  const auth = credentials(shared);
  const options: RegistryTransportOptions = {
    url: registryUrl(shared.registry),
    timeoutMs: shared.timeout * 1_000,
    ...(auth && { auth }),
  };
  return {
    url: options.url.toString(),
    client: createRegistryClient(options),
    operator: createOperatorClient(createRegistryTransport(options)),
    output: createOutput({ json: shared.json === true }),
    signal,
  };
}

function registryUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && ["http:", "https:"].includes(url.protocol)) return url;
  throw new CliFailure(`--registry takes an http or https url, such as http://127.0.0.1:8081, not ${text}`);
}

function credentials({ user, token }: SharedOptions): RegistryTransportOptions["auth"] {
  if (token !== undefined && user !== undefined) {
    throw new CliFailure(
      "Give --user or --token, not both (SCHEMA_REGISTRY_USER and SCHEMA_REGISTRY_TOKEN count too)",
    );
  }
  if (token !== undefined) return { type: "bearer", token };
  if (user === undefined) return undefined;
  const colon = user.indexOf(":");
  if (colon < 1) throw new CliFailure("--user takes name:password");
  return { type: "basic", username: user.slice(0, colon), password: user.slice(colon + 1) };
}
