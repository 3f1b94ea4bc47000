// Package actionscachetest gives tests a working cache service as GitHub's runners
// have one, with both versions of its API, its scopes and its immutable keys. It
// serves BuildKit's gha exporter and importer as well as our own history.
//
//	service := actionscachetest.Start(t)
//	token := service.Token(t, actionscachetest.Scope{Scope: "refs/heads/main", Permission: 3})
package actionscachetest
