"""The site: pages made from the registry, the verdicts and the records, built by Sphinx (`make site`)."""
