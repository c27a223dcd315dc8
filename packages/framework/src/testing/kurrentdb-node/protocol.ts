import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type * as grpc from "@grpc/grpc-js";
import type * as gossip from "@eventstore/db-client/generated/gossip_pb.js";
import type * as gossipServices from "@eventstore/db-client/generated/gossip_grpc_pb.js";
import type * as persistent from "@eventstore/db-client/generated/persistent_pb.js";
import type * as persistentServices from "@eventstore/db-client/generated/persistent_grpc_pb.js";
import type * as features from "@eventstore/db-client/generated/serverfeatures_pb.js";
import type * as featureServices from "@eventstore/db-client/generated/serverfeatures_grpc_pb.js";
import type * as shared from "@eventstore/db-client/generated/shared_pb.js";
import type * as status from "@eventstore/db-client/generated/status_pb.js";
import type * as streams from "@eventstore/db-client/generated/streams_pb.js";
import type * as streamServices from "@eventstore/db-client/generated/streams_grpc_pb.js";
import { createGeneratedLoader } from "./load-generated.ts";

export type { features, gossip, grpc, persistent, shared, status, streams };

/** gRPC and the messages and services of the wire protocol, as `@eventstore/db-client` ships them. */
export interface Protocol {
  readonly grpc: typeof grpc;
  readonly streams: typeof streams;
  readonly streamsService: typeof streamServices.StreamsService;
  readonly persistent: typeof persistent;
  readonly persistentSubscriptionsService: typeof persistentServices.PersistentSubscriptionsService;
  readonly features: typeof features;
  readonly serverFeaturesService: typeof featureServices.ServerFeaturesService;
  readonly gossip: typeof gossip;
  readonly gossipService: typeof gossipServices.GossipService;
  readonly shared: typeof shared;
  readonly status: typeof status;
  /** Messages of google-protobuf itself, which is a dependency of the client and not of this package. */
  readonly any: { readonly Any: new () => NonNullable<Parameters<status.Status["setDetails"]>[0]> };
  readonly empty: {
    readonly Empty: new () => NonNullable<Parameters<streams.BatchAppendResp["setNoStream"]>[0]>;
  };
}

let loaded: Protocol | undefined;

/**
 * Loads the optional peers, and only when a node starts. The generated files are a private path of the client's
 * package (it has no exports map), which is why its version range is narrow and a test pins that they exist.
 */
export function loadProtocol(): Protocol {
  loaded ??= load();
  return loaded;
}

function load(): Protocol {
  const here = createRequire(import.meta.url);
  try {
    const folder = dirname(here.resolve("@eventstore/db-client/generated/streams_pb.js"));
    const client = createRequire(join(folder, "streams_pb.js"));
    // Modules loaded at run time have no types: each line is the module that the declaration beside it describes.
    const generated = createGeneratedLoader(folder, client) as (name: string) => any; // oxlint-disable-line typescript/no-explicit-any
    return {
      grpc: client("@grpc/grpc-js"),
      streams: generated("streams_pb.js"),
      streamsService: generated("streams_grpc_pb.js").StreamsService,
      persistent: generated("persistent_pb.js"),
      persistentSubscriptionsService: generated("persistent_grpc_pb.js").PersistentSubscriptionsService,
      features: generated("serverfeatures_pb.js"),
      serverFeaturesService: generated("serverfeatures_grpc_pb.js").ServerFeaturesService,
      gossip: generated("gossip_pb.js"),
      gossipService: generated("gossip_grpc_pb.js").GossipService,
      shared: generated("shared_pb.js"),
      status: generated("status_pb.js"),
      any: client("google-protobuf/google/protobuf/any_pb.js"),
      empty: client("google-protobuf/google/protobuf/empty_pb.js"),
    };
  } catch (cause) {
    throw missingPeer(cause);
  }
}

function missingPeer(cause: unknown): Error {
  return new Error(
    "The KurrentDB test node needs the optional packages @eventstore/db-client (~6.2.1) and @grpc/grpc-js: " +
      "npm install --save-dev @eventstore/db-client@~6.2.1 @grpc/grpc-js",
    { cause },
  );
}
