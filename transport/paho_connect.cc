#include "transport/paho_connect.h"

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "transport/paho_properties.h"
#include "transport/tls.h"

namespace transport {

void set_connect_options(const ClientOptions& options, const Endpoint& endpoint,
                         mqtt::connect_options& to) {
  using Code = mqtt::property::code;
  const bool v5 = options.version == ProtocolVersion::Mqtt5;
  to.set_mqtt_version(v5 ? MQTTVERSION_5 : MQTTVERSION_3_1_1);
  v5 ? to.set_clean_start(false) : to.set_clean_session(false);
  to.set_keep_alive_interval(static_cast<int>(options.keep_alive.count()));
  to.set_connect_timeout(std::chrono::ceil<std::chrono::seconds>(options.connect_timeout));
  to.set_automatic_reconnect(false);  // it neither subscribes again nor shows session present
  if (!options.username.empty()) to.set_user_name(options.username);
  if (!options.password.empty()) to.set_password(options.password);
  if (options.will) {
    const Message& will = *options.will;
    to.set_will(mqtt::will_options(will.topic, will.payload.data(), will.payload.size(), will.qos,
                                   will.retained,
                                   v5 ? to_paho(will.properties) : mqtt::properties()));
  }
  if (endpoint.tls) {
    mqtt::ssl_options ssl;
    ssl.set_trust_store(options.tls.ca_file);
    if (!options.tls.cert_file.empty()) {
      ssl.set_key_store(options.tls.cert_file);
      ssl.set_private_key(options.tls.key_file);
    }
    ssl.set_enable_server_cert_auth(true);
    ssl.set_verify(true);  // the host name; off by default
    ssl.set_enabled_cipher_suites(kCipherList);
    // No error handler: Paho would call it through the address of a copy that is gone.
    to.set_ssl(ssl);
  }
  if (!v5) return;
  mqtt::properties properties;
  properties.add({Code::SESSION_EXPIRY_INTERVAL, paho_number(options.session_expiry.count())});
  properties.add({Code::RECEIVE_MAXIMUM, std::max<std::int32_t>(options.receive_maximum, 1)});
  // Paho allocates what a packet's header declares, up to 256 MB.
  properties.add({Code::MAXIMUM_PACKET_SIZE, static_cast<std::int32_t>(options.packet_bytes_max)});
  to.set_properties(properties);  // last: other setters must not disturb it
}

ConnectError connect_error(int code, ProtocolVersion version) {
  if (version == ProtocolVersion::Mqtt311) {
    if (code == 1) return ConnectError::UnsupportedVersion;
    return code == 4 || code == 5 ? ConnectError::BadCredentials : ConnectError::Refused;
  }
  // A broker older than MQTT 5 refuses with 3.1.1's own code 1.
  if (code == 0x84 || code == 1) return ConnectError::UnsupportedVersion;
  const bool credentials = code == 0x86 || code == 0x87 || code == 0x8C;
  return credentials ? ConnectError::BadCredentials : ConnectError::Refused;
}

Reply connect_reply(const mqtt::connect_response& response) {
  using Code = mqtt::property::code;
  const mqtt::properties& properties = response.get_properties();
  Reply reply{.ok = true};
  reply.session_present = response.is_session_present();
  reply.packet_bytes_max =
      number_of(properties, Code::MAXIMUM_PACKET_SIZE, std::uint32_t{kPacketBytesMax});
  if (properties.contains(Code::RETAIN_AVAILABLE)) {
    reply.retain_available = mqtt::get<std::uint8_t>(properties, Code::RETAIN_AVAILABLE) != 0;
  }
  if (properties.contains(Code::MAXIMUM_QOS)) {
    reply.qos_max = mqtt::get<std::uint8_t>(properties, Code::MAXIMUM_QOS);
  }
  return reply;
}

}  // namespace transport
