# Fails one computer over: its users are moved away, it drains, its services are stopped and disabled. Or fails it back, which undoes that. Runs
# where the management tools are, and leaves a mark there while it goes on. Never with -Force: that skips the check of the capacity.
#   module      the product's module
#   computer    the front end
#   back        whether it is failed back
#   minutes     how long the cmdlet may wait
#   run, step   the names of the mark
#   token       the newest token of the step
param([string] $Arguments)
$a = Read-Arguments $Arguments
Invoke-Marked $a {
    Import-Product $a.module
    if ($a.back) {
        Invoke-CsComputerFailBack -ComputerName $a.computer -Confirm:$false
    } else {
        Invoke-CsComputerFailOver -ComputerName $a.computer -WaitTime ([TimeSpan]::FromMinutes($a.minutes)) -Confirm:$false
    }
}
