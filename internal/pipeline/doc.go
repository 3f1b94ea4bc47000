// Package pipeline knows the order of the stages, and nothing else does:
//
//	buildkit → record → history → cause → timing → advice → report → action, github
//
// A command of the program is one function here. It takes what the command line
// gave and the world as an [Env], and returns an error whose exit code
// [ExitCode] tells.
package pipeline
