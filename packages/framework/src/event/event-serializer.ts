import { createResolver, parseSchema } from "@tidemark/schema-registry/avro";
import { v5 as uuidV5 } from "uuid";
import { TidemarkError } from "../errors.ts";
import type { EventToAppend, StoredEvent } from "../event-store/stored-event.ts";
import type { AnyEventDefinition, EventVersion, NewEvent } from "./define-event.ts";
import { decodeMetadata, encodeMetadata, type EventMetadata } from "./event-metadata.ts";
import type { EventSchema } from "./event-schema.ts";
import type { RecordedEvent } from "./recorded-event.ts";
import { checkRules } from "./check-rules.ts";
