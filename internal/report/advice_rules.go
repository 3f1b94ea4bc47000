package report

// ruleText says what a rule suggests and when, in a sentence for who sees no more
// of it. Each has a page in docs/rules.
func ruleText(name string) string {
	if text, ok := ruleTexts()[name]; ok {
		return text
	}
	return name
}

func ruleTexts() map[string]string {
	return map[string]string{
		"apt-lean":            "Packages that are only recommended, or lists of packages, stay in a layer of the image.",
		"apt-one-step":        "apt-get update stands apart from the install, which then runs on stale lists.",
		"cache-export-cost":   "Exporting the cache costs more than it saves.",
		"cache-import-base":   "Builds of pull requests do not import the cache of the branch that they go to.",
		"cache-mode":          "The cache is exported in a mode that leaves out what is needed, or keeps what is not worth it.",
		"cache-mount":         "A dependency install or a compiler often runs anew; a cache mount keeps what it downloaded or built.",
		"cache-scope":         "Two builds overwrite each other's cache.",
		"chown-layer":         "Changing owner or mode in a RUN copies the files into another layer.",
		"compression":         "Another compression of the layers makes pulling faster.",
		"copy-link":           "A COPY re-runs only because what it stands on changed; with --link it does not.",
		"deps-before-source":  "A dependency install runs again when any source changes, since its manifests are copied together with them.",
		"dockerignore":        "Files that no build needs are sent with the build context, and change it.",
		"file-modes":          "Only the modes of files change from build to build.",
		"late-arg":            "A value that changes from build to build stands above costly steps that do not read it.",
		"latest-tag":          "The base image has no version, so that nobody knows what is built.",
		"multi-stage":         "Build tools stay in the final image.",
		"narrow-copy":         "A COPY takes files that nothing below it needs, and re-runs when they change.",
		"non-root":            "The image runs as root.",
		"order-by-volatility": "A costly step that seldom changes stands below one that often does.",
		"parallel-stages":     "Two long steps that do not need each other run one after the other.",
		"pin-base":            "The tag of a base image moved and invalidated all below it.",
		"pin-remote":          "A remote source has neither checksum nor commit.",
		"secret-in-layer":     "A credential is passed by an argument or a variable, which the image keeps.",
		"smaller-base":        "A smaller variant of the base image would do.",
	}
}
