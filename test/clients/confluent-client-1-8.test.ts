import {
  AvroDeserializer,
  AvroSerializer,
  SchemaRegistryClient,
  SerdeType,
} from "confluent-schemaregistry-1-8";
import { confluentClientContract } from "./confluent-client-contract.ts";

confluentClientContract({
  release: "1.8",
  asksAssociations: false,
  connect(url) {
    const client = new SchemaRegistryClient({ baseURLs: [url] });
    return {
      client,
      serializer: (config) => new AvroSerializer(client, SerdeType.VALUE, config),
      deserializer: (config) => new AvroDeserializer(client, SerdeType.VALUE, config),
    };
  },
});
