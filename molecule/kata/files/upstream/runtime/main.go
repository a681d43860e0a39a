// Stands in for kata-runtime in tests: answers what the role asks, and hands containers to runc, in no virtual machine.
package main

import (
	"fmt"
	"os"
	"syscall"
)

var version = "unknown"

func main() {
	arguments := os.Args[1:]
	if len(arguments) > 1 && arguments[0] == "--kata-config" {
		if _, err := os.Stat(arguments[1]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		arguments = arguments[2:]
	}
	if len(arguments) == 0 {
		os.Exit(1)
	}
	switch arguments[0] {
	case "--version":
		fmt.Println("kata-runtime  :", version)
	case "kata-check":
		fmt.Println("System is capable of running Kata Containers")
	case "kata-env":
		fmt.Printf("{\"Runtime\": {\"Version\": {\"Semver\": %q}}}\n", version)
	default:
		err := syscall.Exec("/usr/sbin/runc", append([]string{"runc"}, arguments...), os.Environ())
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
