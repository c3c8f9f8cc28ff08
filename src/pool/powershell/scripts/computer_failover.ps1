# Fails one computer over: its users are moved away, it drains, its services are stopped and disabled. Or fails it back, which undoes that. Runs
# where the management tools are. Never with -Force: that skips the check of the capacity.
#   module     the product's module
#   computer   the front end
#   pool       its pool
#   back       whether it is failed back
#   minutes    how long the cmdlet may wait
param([string] $Arguments)
$a = Read-Arguments $Arguments
Import-Product $a.module
if ($a.back) {
    Invoke-CsComputerFailBack -ComputerName $a.computer -Confirm:$false | Out-Null
} else {
    $wait = [TimeSpan]::FromMinutes($a.minutes)
    Invoke-CsComputerFailOver -ComputerName $a.computer -WaitTime $wait -Confirm:$false | Out-Null
}
@{ returned = $true }
