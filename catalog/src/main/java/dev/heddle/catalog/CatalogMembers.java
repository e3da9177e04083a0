package dev.heddle.catalog;

import java.util.List;
import java.util.Optional;

/**
 * Who replicates the catalog, as one member sees it; one that is no voter, as others have told it.
 *
 * @param clusterId empty: it does not take part in a cluster now
 * @param voters names of the nodes whose majority decides; empty also where that is not known
 * @param leader name of the node that leads; empty: none known
 * @param leaderAddress host:port of its internal services; empty: not known
 * @param applied index of the last entry of the log that this member has applied; 0 also where
 *     there is none
 */
public record CatalogMembers(
    Optional<String> clusterId,
    List<String> voters,
    Optional<String> leader,
    Optional<String> leaderAddress,
    long term,
    long applied) {
  public CatalogMembers {
    voters = List.copyOf(voters);
  }
}
