package dev.heddle.gateway.http;

import java.time.Instant;
import java.util.Map;
import java.util.Optional;

/**
 * What a JSON Web Token that holds says of its user.
 *
 * @param tenant whose users its issuer knows
 * @param issuer who says so: {@code iss}
 * @param claims those that are texts, numbers or truth values, as texts
 * @param expires when it holds no more
 */
public record UserToken(String tenant, String issuer, Map<String, String> claims, Instant expires) {
  public UserToken {
    claims = Map.copyOf(claims);
  }

  public Optional<String> claim(String name) {
    return Optional.ofNullable(claims.get(name));
  }
}
