package dev.heddle.gateway.session;

/** Which connection: an id is one tenant's, and nothing to another. */
public record ConnectionKey(String tenant, String id) {
  String inGrid() {
    return tenant + "/" + id;
  }

  static ConnectionKey of(String inGrid) {
    int slash = inGrid.indexOf('/');
    return new ConnectionKey(inGrid.substring(0, slash), inGrid.substring(slash + 1));
  }
}
